-- ARGV: worker, lease in ms, time, attempts, bound, ms a parked task is marked,
-- progress at the beginning.
-- Gives {text, attempt} of the task that the worker now holds, {} when none waits, and
-- {'held up'} when all that wait have blocks in common with tasks that run.
local me, lease, at_text = ARGV[1], ARGV[2], ARGV[3]
local attempts, bound, period = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local list = WORKING .. me

-- What an answer that got lost, or a move by the worker's waiting, left there.
local before = redis.call('HGET', HOLDERS, me) or ''
for _, text in ipairs(redis.call('LRANGE', list, 0, -1)) do
    if before ~= '' and begins_with(text, before .. '|') then
        redis.call('HINCRBY', ATTEMPTS, key_of(before, 0), -1)
        text = before
    end
    redis.call('RPUSH', TODO, text)
end
redis.call('DEL', list, FATE .. me)
redis.call('HSET', HOLDERS, me, '')
redis.call('SET', LEASE .. me, '1', 'PX', lease)
reclaim(me, at_text, attempts, bound, period)

if redis.call('LLEN', TODO) == 0 then return {} end
local running, spans = {}, {}
local names, ours = workers()
for _, name in ipairs(names) do
    for _, key in ipairs(keys_of_worker(name, ours)) do
        running[key] = true
        -- An old worker may be dead for years, and nobody would know.
        if ours[name] ~= nil then spans[#spans + 1] = span_of(key) end
    end
end

-- Whether blocks of this key are being built: they would be built twice at once.
local function is_in_work(key)
    local span = #spans > 0 and span_of(key)
    for i = 1, span and #spans or 0 do
        if meets(spans[i], span) then return true end
    end
    return false
end

-- As key_of, in one step where that is possible: all of a thousand may be held up.
local USUAL = '^' .. string.rep('[^|]*|', 6) .. '(TASK_CACHE' .. string.rep('|[^|]*', 4) .. ')$'
local waiting = redis.call('LRANGE', TODO, -1000, -1)
local held_up = false
for i = #waiting, 1, -1 do
    local text = waiting[i]
    local key = string.match(text, USUAL) or key_of(text, 0)
    if running[key] then
        -- Another worker is at it: das2-pyserver queues without looking.
        redis.call('LREM', TODO, -1, text)
    elseif is_in_work(key) then
        held_up = true
    else
        forget_waiting(key)
        local attempt = redis.call('HINCRBY', ATTEMPTS, key, 1)
        redis.call('LPUSH', list, text .. '|' .. at_text .. '||' .. ARGV[7])
        redis.call('HSET', HOLDERS, me, text)
        return {text, attempt}
    end
end
return held_up and {'held up'} or {}
