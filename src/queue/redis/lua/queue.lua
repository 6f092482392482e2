-- What all scripts know: keys, and how to read a task's text.
-- das2_todo, das2_working_*, das2_finished are shared with das2-pyserver. What
-- is this server's own is named das2-queue:*, which KEYS das2_* does not find.
local TODO, FINISHED, WORKING = 'das2_todo', 'das2_finished', 'das2_working_'
local FAILED = 'das2-queue:failed'      -- list: parked tasks as finished text
local HOLDERS = 'das2-queue:holders'    -- hash: worker -> waiting text it works, or ''
local ATTEMPTS = 'das2-queue:attempts'  -- hash: key -> how often begun
local LEASE = 'das2-queue:lease:'       -- .. worker: there while it lives, expires
local FATE = 'das2-queue:fate:'         -- .. worker: cancelled or taken, expires
local MARKS = 'das2-queue:marks:'       -- .. scope: sorted set, member by end of mark

-- Arguments of the categories where that is fixed.
local ARGUMENTS = {TASK_CACHE = 4, HAPI_INFO_CACHE = 2}

local function fields(text)
    local all, n = {}, 0
    for field in string.gmatch(text .. '|', '([^|]*)|') do
        n = n + 1
        all[n] = field
    end
    return all, n
end

-- Category and arguments; `trailing` fields behind them are of the stage.
local function key_of(text, trailing)
    local all, n = fields(text)
    if n < 7 then return text end
    local last = 7 + (ARGUMENTS[all[7]] or math.max(n - 7 - trailing, 0))
    return table.concat(all, '|', 7, math.min(last, n))
end

-- A calendar time with all its digits, which compares as times do.
local FULL = '0000-00-00T00:00:00.000000000'
local function padded(time)
    time = string.gsub(time, 'Z$', '')
    if not string.find(time, '^%d%d%d%d%-%d%d%-%d%d') then return nil end
    return time .. string.sub(FULL, #time + 1)
end

-- The blocks of a key: scope (data set and level), begin, end. Nil if none.
local function span_of(key)
    local dataset, b, e, level = string.match(key, '^TASK_CACHE|([^|]*)|([^|]*)|([^|]*)|([^|]*)$')
    if not dataset then return nil end
    b, e = padded(b), padded(e)
    if not b or not e then return nil end
    return {dataset = dataset, level = level, b = b, e = e}
end

-- Whether two spans have blocks in common.
local function meets(one, other)
    return one.dataset == other.dataset and one.b < other.e and other.b < one.e
        and (one.level == other.level or one.level == 'all' or other.level == 'all')
end

local function now()
    local time = redis.call('TIME')
    return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function digits(number) return string.format('%.0f', number) end

local function begins_with(text, start)
    return string.sub(text, 1, #start) == start
end

-- The lists of workers: those of this server, and the old ones where looking
-- for them costs little. ours[name] is the waiting text of what it works.
local function workers()
    local names, ours = {}, {}
    local held = redis.call('HGETALL', HOLDERS)
    for i = 1, #held, 2 do
        names[#names + 1] = held[i]
        ours[held[i]] = held[i + 1]
    end
    if redis.call('DBSIZE') < 1000 then
        for _, list in ipairs(redis.call('KEYS', WORKING .. '*')) do
            local name = string.sub(list, #WORKING + 1)
            if ours[name] == nil then names[#names + 1] = name end
        end
    end
    return names, ours
end

-- The keys of what a worker has.
local function keys_of_worker(name, ours)
    if ours[name] ~= nil then
        if ours[name] ~= '' then return {key_of(ours[name], 0)} end
        return {}
    end
    local keys = {}
    local list = WORKING .. name
    if redis.call('TYPE', list)['ok'] ~= 'list' then return keys end
    for _, text in ipairs(redis.call('LRANGE', list, 0, -1)) do
        keys[#keys + 1] = key_of(text, 3)
        keys[#keys + 1] = key_of(text, 0)
    end
    return keys
end

local function scope_of(key, span)
    if span then return MARKS .. span.dataset .. '|' .. span.level, span.b .. '|' .. span.e end
    return MARKS, key
end

-- Whether marks that still hold cover the key: one of them, or several whose
-- ranges join.
local function is_marked(key, at)
    local span = span_of(key)
    local scope, member = scope_of(key, span)
    if not span then
        local ends = redis.call('ZSCORE', scope, member)
        return ends and tonumber(ends) > at
    end
    local marks = redis.call('ZRANGEBYSCORE', scope, '(' .. digits(at), '+inf')
    table.sort(marks)
    local reached = span.b
    for _, mark in ipairs(marks) do
        local b, e = string.match(mark, '^([^|]*)|(.*)$')
        if b and b <= reached and e > reached then reached = e end
    end
    return reached >= span.e
end

local MARKS_BOUND = 10000
local function mark(key, period)
    local scope, member = scope_of(key, span_of(key))
    local at = now()
    redis.call('ZREMRANGEBYSCORE', scope, '-inf', digits(at))
    redis.call('ZADD', scope, digits(at + period), member)
    redis.call('ZREMRANGEBYRANK', scope, 0, -MARKS_BOUND - 1)
    local last = redis.call('ZRANGE', scope, -1, -1, 'WITHSCORES')
    redis.call('PEXPIREAT', scope, digits(tonumber(last[2]) + 1000))
end

local function unmark(key)
    local scope, member = scope_of(key, span_of(key))
    redis.call('ZREM', scope, member)
end

local function finished(text, bound)
    redis.call('LPUSH', FINISHED, text)
    redis.call('LTRIM', FINISHED, 0, bound - 1)
end

local function unpark(key)
    for _, text in ipairs(redis.call('LRANGE', FAILED, 0, -1)) do
        if key_of(text, 4) == key then redis.call('LREM', FAILED, 0, text) end
    end
end

-- Parks a task; `text` is its finished form.
local function park(key, text, bound, period)
    unpark(key)
    redis.call('LPUSH', FAILED, text)
    redis.call('LTRIM', FAILED, 0, bound - 1)
    redis.call('HDEL', ATTEMPTS, key)
    finished(text, bound)
    if period > 0 then mark(key, period) end
end

-- Puts back what workers held whose lease has lapsed.
local function reclaim(me, at_text, attempts, bound, period)
    local held = redis.call('HGETALL', HOLDERS)
    for i = 1, #held, 2 do
        local name, request = held[i], held[i + 1]
        if name ~= me and redis.call('EXISTS', LEASE .. name) == 0 then
            local list = WORKING .. name
            local had = redis.call('LRANGE', list, 0, -1)
            for _, text in ipairs(had) do
                local begun = request ~= '' and begins_with(text, request .. '|')
                local waiting = begun and request or text
                local key = key_of(waiting, 0)
                local tried = tonumber(redis.call('HGET', ATTEMPTS, key) or '0')
                if begun and tried >= attempts then
                    local started = string.match(string.sub(text, #request + 2), '^[^|]*')
                    local reason = 'Its worker ended without a word, ' .. tried .. ' times'
                    park(key, request .. '|' .. started .. '|' .. reason .. '|' .. at_text .. '|13',
                         bound, period)
                else
                    redis.call('RPUSH', TODO, waiting)
                end
            end
            if #had > 0 then redis.call('SET', FATE .. name, 'taken', 'EX', 86400) end
            redis.call('DEL', list)
            redis.call('HDEL', HOLDERS, name)
        end
    end
end

-- Takes every waiting task with this key out; says how many there were.
local function forget_waiting(key)
    local waiting, gone = redis.call('LRANGE', TODO, 0, -1), 0
    if not string.find(table.concat(waiting, '\n'), key, 1, true) then return 0 end
    for _, text in ipairs(waiting) do
        if key_of(text, 0) == key then gone = gone + redis.call('LREM', TODO, 1, text) end
    end
    return gone
end

-- The entry of a worker's list that `start` begins, or nil.
local function entry_of(name, start)
    for _, text in ipairs(redis.call('LRANGE', WORKING .. name, 0, -1)) do
        if begins_with(text, start) then return text end
    end
    return nil
end
