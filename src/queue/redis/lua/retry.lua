-- ARGV: key, or nothing for all parked tasks; most that may wait.
-- Gives {how many}, or {-1, waiting} when there is no room.
local only, bound = ARGV[1], tonumber(ARGV[2])
local chosen, known = {}, {}
for _, text in ipairs(redis.call('LRANGE', TODO, 0, -1)) do known[key_of(text, 0)] = true end
local waiting = redis.call('LLEN', TODO)
local names, ours = workers()
for _, name in ipairs(names) do
    for _, key in ipairs(keys_of_worker(name, ours)) do known[key] = true end
end
for _, text in ipairs(redis.call('LRANGE', FAILED, 0, -1)) do
    local key = key_of(text, 4)
    if only == '' or key == only then chosen[#chosen + 1] = {key, text} end
end
if #chosen > 0 and waiting + #chosen > bound then return {-1, waiting} end
for _, task in ipairs(chosen) do
    local key, text = task[1], task[2]
    local request = string.match(text, '^(.*)|[^|]*|[^|]*|[^|]*|[^|]*$')
    redis.call('LREM', FAILED, 0, text)
    redis.call('HDEL', ATTEMPTS, key)
    unmark(key)
    if request and not known[key] then redis.call('LPUSH', TODO, request) end
    known[key] = true
end
return {#chosen}
