-- ARGV: keys. Gives 1 or 0 for each.
local at, all = now(), {}
for i, key in ipairs(ARGV) do all[i] = is_marked(key, at) and 1 or 0 end
return all
