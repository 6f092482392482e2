-- ARGV: most that may wait, 1 when marks count, then the texts of the tasks.
-- Gives {queued, known, marked}, or {-1, waiting} when there is no room.
local bound, marks_count = tonumber(ARGV[1]), ARGV[2] == '1'

-- Only what concerns the same category and data set is read further.
local needles, wanted = {}, {}
for i = 3, #ARGV do
    local key = key_of(ARGV[i], 0)
    local needle = string.match(key, '^[^|]*|[^|]*') or key
    if not wanted[needle] then
        wanted[needle] = true
        needles[#needles + 1] = '|' .. needle
    end
end

local keys, spans = {}, {}
local function note(key)
    keys[key] = true
    local span = span_of(key)
    if span then
        local of = spans[span.dataset] or {}
        spans[span.dataset] = of
        of[#of + 1] = span
    end
end
local waiting = redis.call('LRANGE', TODO, 0, -1)
for _, text in ipairs(waiting) do
    for _, needle in ipairs(needles) do
        local at = string.find(text, needle, 1, true)
        if at then note(string.sub(text, at + 1)) end
    end
end
local names, ours = workers()
for _, name in ipairs(names) do
    for _, key in ipairs(keys_of_worker(name, ours)) do note(key) end
end

local function is_known(key)
    if keys[key] then return true end
    local span = span_of(key)
    for _, other in ipairs(span and spans[span.dataset] or {}) do
        if (other.level == span.level or string.lower(other.level) == 'all')
            and other.b <= span.b and span.e <= other.e then
            return true
        end
    end
    return false
end

local at, known, marked, new = now(), 0, 0, {}
for i = 3, #ARGV do
    local key = key_of(ARGV[i], 0)
    if is_known(key) then
        known = known + 1
    elseif marks_count and is_marked(key, at) then
        marked = marked + 1
    else
        new[#new + 1] = {key, ARGV[i]}
        note(key)
    end
end
if #new > 0 and #waiting + #new > bound then return {-1, #waiting} end
for _, task in ipairs(new) do
    unpark(task[1])
    redis.call('HDEL', ATTEMPTS, task[1])
    redis.call('LPUSH', TODO, task[2])
end
return {#new, known, marked}
