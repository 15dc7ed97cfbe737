#!lua
-- Leaves a sign of life, and records an outage when the last one is too old.
--
-- KEYS[1]  tp:{life}           string; time of the last sign of life of any worker (ms)
-- KEYS[2]  tp:{life}:outages   list; "since until" (ms), oldest first
-- ARGV[1]  after how many ms without a sign the service counts as having been away
-- ARGV[2]  how long an outage is remembered (ms)
-- ARGV[3]  how many are remembered
--
-- Answers {now, since, until, since, until, ...}, the outages remembered
--
-- One step: no worker can see the store back without seeing the outage too.

local sign, outages = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local last = tonumber(redis.call('GET', sign) or now)
if now - last > tonumber(ARGV[1]) then
  redis.call('RPUSH', outages, last .. ' ' .. now)
  redis.call('LTRIM', outages, -tonumber(ARGV[3]), -1)
end
redis.call('SET', sign, now)

local answer = {now}
for _, outage in ipairs(redis.call('LRANGE', outages, 0, -1)) do
  local since, till = string.match(outage, '^(%d+) (%d+)$')
  if now - tonumber(till) > tonumber(ARGV[2]) or tonumber(till) - now > tonumber(ARGV[1]) then
    redis.call('LREM', outages, 1, outage) -- too old, or of a clock that was set back since
  else
    answer[#answer + 1] = tonumber(since)
    answer[#answer + 1] = tonumber(till)
  end
end
return answer
