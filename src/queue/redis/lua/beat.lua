-- ARGV: worker, lease in ms, time, attempts, bound, ms a parked task is marked,
-- waiting text, start of the running text, running text.
-- Gives yes, cancelled or taken.
local me, request, start, running = ARGV[1], ARGV[7], ARGV[8], ARGV[9]
local list = WORKING .. me
local fate = redis.call('GET', FATE .. me)
if fate then return fate end
reclaim(me, ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]))
local entry = entry_of(me, start)
if entry then
    redis.call('LREM', list, 1, entry)
else
    -- The server came back without its lists. The task is taken in again,
    -- unless somebody else has got it by now.
    local key = key_of(request, 0)
    local names, ours = workers()
    for _, name in ipairs(names) do
        for _, other in ipairs(name ~= me and keys_of_worker(name, ours) or {}) do
            if other == key then return 'taken' end
        end
    end
    forget_waiting(key)
    redis.call('DEL', list)
    redis.call('HSETNX', ATTEMPTS, key, 1)
end
redis.call('LPUSH', list, running)
redis.call('HSET', HOLDERS, me, request)
redis.call('SET', LEASE .. me, '1', 'PX', ARGV[2])
return 'yes'
