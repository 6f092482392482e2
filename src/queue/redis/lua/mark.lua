-- ARGV: ms, key. No time removes the mark.
if tonumber(ARGV[1]) > 0 then mark(ARGV[2], tonumber(ARGV[1])) else unmark(ARGV[2]) end
return 'yes'
