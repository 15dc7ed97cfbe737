#!lua flags=no-writes
-- Tells where logs end, of many rooms in one round trip.
--
-- KEYS     tp:{session}:log of each room
--
-- Answers {version, head, version, head, ...}; version 0 and head "" where there is no log

local ends = {}
for _, log in ipairs(KEYS) do
  local element = redis.call('LINDEX', log, -1)
  ends[#ends + 1] = redis.call('LLEN', log)
  ends[#ends + 1] = element and string.sub(element, 1, 40) or ''
end
return ends
