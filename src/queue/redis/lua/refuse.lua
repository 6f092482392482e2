-- ARGV: worker, finished text, bound. What the worker holds is no task: parked
-- under a text that shows it.
local request = redis.call('HGET', HOLDERS, ARGV[1]) or ''
redis.call('HDEL', ATTEMPTS, key_of(request, 0))
redis.call('DEL', WORKING .. ARGV[1])
redis.call('HSET', HOLDERS, ARGV[1], '')
park(key_of(ARGV[2], 4), ARGV[2], tonumber(ARGV[3]), 0)
return 'yes'
