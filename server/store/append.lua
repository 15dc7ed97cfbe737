#!lua
-- Appends a batch to one room's log, in one step or not at all.
--
-- KEYS[1]  tp:{session}:log   list; an element is head (40 hex digits) + payload; its length is
--                             the version of the room; also the name of the room's channel
-- KEYS[2]  tp:{session}:ids   hash; id of a command -> "version head" that it got
-- KEYS[3]  tp:wake            sorted set; session -> next deadline (ms). A hint. Left out with
--                             Redis Cluster, where it may lie on another node
--
-- ARGV[1]  expected version   the position on which the batch was decided
-- ARGV[2]  expected head      "" for version 0
-- ARGV[3]  decided at (ms)    the time of this store's clock for which it was decided
-- ARGV[4]  due at (ms)        the latest deadline that the batch takes as passed; 0 = none
-- ARGV[5]  expires at (ms)    when the room's keys go away
-- ARGV[6]  wake at (ms)       the next deadline after the batch; "" = none
-- ARGV[7]  session            the member of tp:wake
-- ARGV[8]  PUBLISH | SPUBLISH SPUBLISH with Redis Cluster
-- ARGV[9], ARGV[10], ...      pairs: id of the command ("" = none), payload
--
-- Answers, first match counts; only the last one stores anything
--   {"repeated", index, version, head, ...}  index of a record (from 0) whose id is in the log,
--                                            with the place it got then; version 0 = the id
--                                            stands earlier in this very batch
--   {"conflict", "behind", element, ...}     the log goes on from the expected position
--   {"conflict", "elsewhere"}                the expected position is not in this log
--   {"late", now}                            decided for a time more than 500 ms away
--   {"not_due", now}                         the deadline has not come
--   {"appended", version, head, head, ...}   the version of the last, the head of each record

local MOST_MS_FROM_DECISION = 500
local FIRST_RECORD = 9
local HEAD_LENGTH = 40

local log, ids = KEYS[1], KEYS[2]
local expected_version, expected_head = tonumber(ARGV[1]), ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- 1. A command acts once. A cut log remembers nothing: the element must still be there.
local repeated, in_batch = {'repeated'}, {}
local function repeats(index, version, head)
  repeated[#repeated + 1] = index
  repeated[#repeated + 1] = version
  repeated[#repeated + 1] = head
end
for i = FIRST_RECORD, #ARGV, 2 do
  local id = ARGV[i]
  if id ~= '' then
    local index = (i - FIRST_RECORD) / 2
    local version, head, element
    local place = redis.call('HGET', ids, id)
    if place then
      version, head = string.match(place, '^(%d+) (%x+)$')
      element = redis.call('LINDEX', log, version - 1)
    end
    if element and string.sub(element, 1, HEAD_LENGTH) == head then
      repeats(index, tonumber(version), head)
    elseif in_batch[id] then
      repeats(index, 0, '')
    end
    in_batch[id] = true
  end
end
if #repeated > 1 then return repeated end

-- 2. The batch was decided on this history, up to its end, or it is not stored.
local length = redis.call('LLEN', log)
local head = ''
if expected_version > 0 then
  local element = expected_version <= length and redis.call('LINDEX', log, expected_version - 1)
  head = element and string.sub(element, 1, HEAD_LENGTH)
end
if head ~= expected_head then return {'conflict', 'elsewhere'} end
if length > expected_version then
  local missing = redis.call('LRANGE', log, expected_version, -1)
  table.insert(missing, 1, 'behind')
  table.insert(missing, 1, 'conflict')
  return missing
end

-- 3. A command that slept in a socket through an outage must be decided again.
if math.abs(now - tonumber(ARGV[3])) > MOST_MS_FROM_DECISION then return {'late', now} end
if tonumber(ARGV[4]) > now then return {'not_due', now} end

-- 4. Store and announce.
local heads, lengths, elements = {'appended', 0}, {}, {}
local version = expected_version
for i = FIRST_RECORD, #ARGV, 2 do
  local payload = ARGV[i + 1]
  head = redis.sha1hex(head .. payload)
  version = version + 1
  local element = head .. payload
  redis.call('RPUSH', log, element)
  if ARGV[i] ~= '' then redis.call('HSET', ids, ARGV[i], version .. ' ' .. head) end
  heads[#heads + 1] = head
  lengths[#lengths + 1] = #element
  elements[#elements + 1] = element
end
heads[2] = version
redis.call('PEXPIREAT', log, ARGV[5])
redis.call('PEXPIREAT', ids, ARGV[5])
if KEYS[3] then
  if ARGV[6] == '' then
    redis.call('ZREM', KEYS[3], ARGV[7])
  else
    redis.call('ZADD', KEYS[3], ARGV[6], ARGV[7])
  end
end
local before = expected_head == '' and '-' or expected_head
redis.call(ARGV[8], log, expected_version .. ' ' .. before .. ' ' .. table.concat(lengths, ' ')
  .. '\n' .. table.concat(elements))
return heads
