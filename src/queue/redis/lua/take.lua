-- ARGV: worker, lease in ms, time, attempts, bound, ms a parked task is marked,
-- progress at the beginning.
-- Gives {text, attempt} of the task that the worker now holds, or {}.
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
local running = {}
local names, ours = workers()
for _, name in ipairs(names) do
    for _, key in ipairs(keys_of_worker(name, ours)) do running[key] = true end
end
for _ = 1, 1000 do
    local text = redis.call('RPOPLPUSH', TODO, list)
    if not text then return {} end
    local key = key_of(text, 0)
    if running[key] then
        -- Another worker is at it: das2-pyserver queues without looking.
        redis.call('LREM', list, 1, text)
    else
        forget_waiting(key)
        local attempt = redis.call('HINCRBY', ATTEMPTS, key, 1)
        redis.call('LREM', list, 1, text)
        redis.call('LPUSH', list, text .. '|' .. at_text .. '||' .. ARGV[7])
        redis.call('HSET', HOLDERS, me, text)
        return {text, attempt}
    end
end
return {}
