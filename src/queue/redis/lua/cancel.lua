-- ARGV: key, time, bound. Gives {waiting, running, beyond reach}.
local key, at_text, bound = ARGV[1], ARGV[2], tonumber(ARGV[3])
local waiting, running, beyond = forget_waiting(key), 0, 0
local names, ours = workers()
for _, name in ipairs(names) do
    local request = ours[name]
    if request == nil then
        for _, text in ipairs(redis.call('LRANGE', WORKING .. name, 0, -1)) do
            if key_of(text, 3) == key then beyond = beyond + 1 end
        end
    elseif request ~= '' and key_of(request, 0) == key then
        local entry = entry_of(name, request .. '|')
        local started = entry and string.match(string.sub(entry, #request + 2), '^[^|]*') or at_text
        redis.call('DEL', WORKING .. name)
        redis.call('HSET', HOLDERS, name, '')
        redis.call('SET', FATE .. name, 'cancelled', 'EX', 86400)
        finished(request .. '|' .. started .. '|Cancelled|' .. at_text .. '|13', bound)
        running = running + 1
    end
end
redis.call('HDEL', ATTEMPTS, key)
return {waiting, running, beyond}
