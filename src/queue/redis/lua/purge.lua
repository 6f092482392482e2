-- ARGV: which (todo, finished, failed, working), then for working the names of
-- workers that were found. Gives how many entries went.
local LISTS = {todo = TODO, finished = FINISHED, failed = FAILED}
local gone = 0
if LISTS[ARGV[1]] then
    gone = redis.call('LLEN', LISTS[ARGV[1]])
    for _, text in ipairs(ARGV[1] == 'todo' and redis.call('LRANGE', TODO, 0, -1) or {}) do
        redis.call('HDEL', ATTEMPTS, key_of(text, 0))
    end
    redis.call('DEL', LISTS[ARGV[1]])
    return gone
end
for i = 2, #ARGV do
    if redis.call('HEXISTS', HOLDERS, ARGV[i]) == 0 then
        gone = gone + redis.call('LLEN', WORKING .. ARGV[i])
        redis.call('DEL', WORKING .. ARGV[i])
    end
end
return gone
