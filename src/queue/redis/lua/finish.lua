-- ARGV: worker, outcome (done, failed, hopeless, back), attempts, bound, ms a
-- parked task is marked, waiting text, start of the running text, finished text.
-- Gives yes, cancelled or taken.
local me, outcome, request = ARGV[1], ARGV[2], ARGV[6]
local attempts, bound, period = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local list = WORKING .. me
local fate = redis.call('GET', FATE .. me)
if fate then
    redis.call('DEL', FATE .. me)
    return fate
end
local key = key_of(request, 0)
local entry = entry_of(me, ARGV[7])
if entry then
    redis.call('LREM', list, 1, entry)
else
    -- Ended already by a call whose answer got lost, or the server came back
    -- without its lists.
    if redis.call('HGET', HOLDERS, me) == '' then return 'yes' end
    if outcome ~= 'done' then
        for _, text in ipairs(redis.call('LRANGE', TODO, 0, -1)) do
            if key_of(text, 0) == key then return 'yes' end
        end
    end
end
redis.call('HSET', HOLDERS, me, '')
if outcome == 'done' then
    redis.call('HDEL', ATTEMPTS, key)
    unpark(key)
    unmark(key)
    finished(ARGV[8], bound)
elseif outcome == 'back' then
    if redis.call('HINCRBY', ATTEMPTS, key, -1) <= 0 then redis.call('HDEL', ATTEMPTS, key) end
    redis.call('RPUSH', TODO, request)
elseif outcome == 'failed' and tonumber(redis.call('HGET', ATTEMPTS, key) or '1') < attempts then
    redis.call('LPUSH', TODO, request)
else
    park(key, ARGV[8], bound, period)
end
return 'yes'
