#!lua flags=no-writes
-- Reads a part of one room's log from a position on.
--
-- KEYS[1]  tp:{session}:log
-- ARGV[1]  version     of the position after which to read
-- ARGV[2]  head        of that position; "" for version 0
-- ARGV[3]  most        how many elements are read at once
--
-- Answers
--   {"behind", element, ...}   what follows the position; fewer than asked when it is the end
--   {"elsewhere"}              the position is not in this log

local version = tonumber(ARGV[1])
if version > 0 then
  local element = redis.call('LINDEX', KEYS[1], version - 1)
  if not element or string.sub(element, 1, 40) ~= ARGV[2] then return {'elsewhere'} end
end
local following = redis.call('LRANGE', KEYS[1], version, version + tonumber(ARGV[3]) - 1)
table.insert(following, 1, 'behind')
return following
