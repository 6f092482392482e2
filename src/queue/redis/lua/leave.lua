-- ARGV: worker. What it should have put back goes back.
local me = ARGV[1]
local request = redis.call('HGET', HOLDERS, me) or ''
for _, text in ipairs(redis.call('LRANGE', WORKING .. me, 0, -1)) do
    if request ~= '' and begins_with(text, request .. '|') then text = request end
    redis.call('RPUSH', TODO, text)
end
redis.call('DEL', WORKING .. me, LEASE .. me, FATE .. me)
redis.call('HDEL', HOLDERS, me)
return 'yes'
