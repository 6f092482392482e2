-- ARGV: most that may wait, 1 when marks count, then the texts of the tasks.
-- Gives {queued, known, marked}, or {-1, waiting} when there is no room.
local bound, marks_count = tonumber(ARGV[1]), ARGV[2] == '1'
local waiting = redis.call('LRANGE', TODO, 0, -1)
local sub, byte, find = string.sub, string.byte, string.find

-- What runs, and what was queued just now: keys, and those of them that have
-- blocks.
local keys, spans = {}, {}
local function note(key)
    keys[key] = true
    spans[#spans + 1] = span_of(key)
end
local names, ours = workers()
for _, name in ipairs(names) do
    for _, key in ipairs(keys_of_worker(name, ours)) do note(key) end
end

local function covers(other, span)
    return other ~= nil and other.dataset == span.dataset
        and (other.level == span.level or other.level == 'all')
        and other.b <= span.b and span.e <= other.e
end

-- Whether the days of a waiting text are such that it may cover the span.
local function may_cover(text, span)
    local needle = '|TASK_CACHE|' .. span.dataset .. '|'
    local _, at = find(text, needle, 1, true)
    local bar = at and find(text, '|', at + 1, true)
    return bar and sub(text, at + 1, at + 10) <= sub(span.b, 1, 10)
        and sub(span.e, 1, 10) <= sub(text, bar + 1, bar + 10)
end

-- Whether a waiting task covers the span. All of a thousand may be of its data
-- set, and a request waits for the answer: a text is only taken apart when its
-- begin and end are such that it may do. They are at the same places from its
-- end when they are as long as here.
local function is_waiting(key, span)
    local b, e, level = string.match(key, '^[^|]*|[^|]*|([^|]*)|([^|]*)|([^|]*)$')
    local bar, first, all = byte('|'), byte(level), byte('a')
    local e_end = -#level - 1
    local e_at = e_end - #e - 1
    local b_at = e_at - #b - 1
    -- With the bars around them they are compared at once.
    b, e = '|' .. b .. '|', '|' .. e .. '|'
    for i = 1, #waiting do
        local text = waiting[i]
        local here, its_level = byte(text, e_end, e_end + 1)
        local may
        if here ~= bar or byte(text, e_at) ~= bar or byte(text, b_at) ~= bar then
            may = may_cover(text, span)
        elseif its_level == first or its_level == all then
            may = sub(text, b_at, e_at) <= b and e <= sub(text, e_at, e_end)
        end
        if may and covers(span_of(key_of(text, 0)), span) then return true end
    end
    return false
end

local function is_known(key)
    if keys[key] then return true end
    local span = span_of(key)
    if span then
        for i = 1, #spans do
            if covers(spans[i], span) then return true end
        end
        return is_waiting(key, span)
    end
    local tail = '|' .. key
    for i = 1, #waiting do
        if sub(waiting[i], -#tail) == tail then return true end
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
