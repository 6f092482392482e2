-- ARGV: most that may wait, 1 when marks count, then the texts of the tasks.
-- Gives {queued, known, marked}, or {-1, waiting} when there is no room.
local bound, marks_count = tonumber(ARGV[1]), ARGV[2] == '1'

-- Waiting tasks as one text, in which a key is found without reading each.
local waiting = redis.call('LRANGE', TODO, 0, -1)
local joined = table.concat(waiting, '\n') .. '\n'

-- The ranges of a data set that wait or run: begins, ends, levels.
local ranges = {}
local function ranges_of(dataset)
    local all = ranges[dataset]
    if all then return all end
    all = {b = {}, e = {}, level = {}}
    ranges[dataset] = all
    local needle, at = '|TASK_CACHE|' .. dataset .. '|', 1
    while true do
        local _, last = string.find(joined, needle, at, true)
        if not last then return all end
        at = last + 1
        local b, e, level = string.match(joined, '^([^|\n]*)|([^|\n]*)|([^|\n]*)\n', at)
        if b then
            local n = #all.b + 1
            all.b[n], all.e[n], all.level[n] = b, e, level
        end
    end
end

local keys = {}
local function note(key)
    keys[key] = true
    local dataset, b, e, level = string.match(key, '^TASK_CACHE|([^|]*)|([^|]*)|([^|]*)|([^|]*)$')
    if dataset then
        local all = ranges_of(dataset)
        local n = #all.b + 1
        all.b[n], all.e[n], all.level[n] = b, e, level
    end
end
local names, ours = workers()
for _, name in ipairs(names) do
    for _, key in ipairs(keys_of_worker(name, ours)) do note(key) end
end

-- Whether a time is not after another. Most are written alike.
local function not_after(a, b)
    if #a == #b then return a <= b end
    a, b = padded(a), padded(b)
    return a and b and a <= b
end

local function is_known(key)
    if keys[key] or string.find(joined, '|' .. key .. '\n', 1, true) then return true end
    local dataset, b, e, level = string.match(key, '^TASK_CACHE|([^|]*)|([^|]*)|([^|]*)|([^|]*)$')
    if not dataset or not padded(b) or not padded(e) then return false end
    local all = ranges_of(dataset)
    local levels, begins, ends = all.level, all.b, all.e
    for n = 1, #levels do
        if (levels[n] == level or levels[n] == 'all')
            and not_after(begins[n], b) and not_after(e, ends[n])
            and padded(begins[n]) and padded(ends[n]) then
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
