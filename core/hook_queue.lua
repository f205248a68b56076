-- The durable queue of webhook deliveries; every change is one call.
--
-- KEYS  1 STREAMSTEAD_EVENTS  2 STREAMSTEAD_HOOK_TARGETS  3 STREAMSTEAD_HOOK_BYTES  4 SRS_HOOKS
-- ARGV  1 operation  2 now_ms  3 most pending of a target  4 most pending bytes of all targets
--       5 length of the log of a target  6 length of the event stream  7 cjson list, by operation
-- The keys of a target's queue are made from its id: Redis is one node here.
local op, now = ARGV[1], tonumber(ARGV[2])
local MAX_PENDING, MAX_BYTES, MAX_LOG = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local input = cjson.decode(ARGV[7])
local DROP_EVENT_MS = 3600000

local function key(part, target) return 'STREAMSTEAD_HOOK_' .. part .. ':' .. target end

local function trim_log(target)
  local over = redis.call('ZCARD', key('LOG', target)) - MAX_LOG
  if over <= 0 then return end
  for _, id in ipairs(redis.call('ZRANGE', key('LOG', target), 0, over - 1)) do
    redis.call('HDEL', key('ITEMS', target), id)
  end
  redis.call('ZREMRANGEBYRANK', key('LOG', target), 0, over - 1)
end

-- No longer pending; its text stays in ITEMS. False when it was not.
local function unqueue(target, id)
  if redis.call('ZREM', key('DUE', target), id) == 0 then return false end
  redis.call('ZREM', key('PENDING', target), id)
  local had = redis.call('HSTRLEN', key('ITEMS', target), id)
  redis.call('HINCRBY', KEYS[3], target, -had)
  return true
end

local function write_log(target, id, at_ms, json)
  redis.call('HSET', key('ITEMS', target), id, json)
  redis.call('ZADD', key('LOG', target), at_ms, id)
  trim_log(target)
end

-- One event for a spell of dropping, not one for each: whoever is told of it may be the full one.
local function tell_of_dropping(target)
  local health = key('HEALTH', target)
  local told = redis.call('HGET', health, 'dropping_ms')
  if told and now - tonumber(told) < DROP_EVENT_MS then return end
  redis.call('HSET', health, 'dropping_ms', ARGV[2])
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[6], '*', 'id', 'webhook.dropped:' .. target .. ':' .. ARGV[2],
    'type', 'webhook.dropped', 'at_ms', ARGV[2], 'stream', '',
    'data', cjson.encode({target_id = target, pending = redis.call('ZCARD', key('PENDING', target))}))
end

local function drop_oldest(target)
  local oldest = redis.call('ZRANGE', key('PENDING', target), 0, 0, 'WITHSCORES')
  local id = oldest[1]
  unqueue(target, id)
  local raw = redis.call('HGET', key('ITEMS', target), id)
  raw = string.gsub(raw, '"state":"pending"', '"state":"dropped"', 1)
  write_log(target, id, oldest[2], raw)
  redis.call('HINCRBY', key('HEALTH', target), 'dropped', 1)
  tell_of_dropping(target)
end

local function largest()
  local all, most, name = redis.call('HGETALL', KEYS[3]), -1, nil
  local sum = 0
  for at = 1, #all, 2 do
    local bytes = tonumber(all[at + 1])
    sum = sum + bytes
    if bytes > most then most, name = bytes, all[at] end
  end
  return sum, name
end

local function add(target, id, due, at_ms, json)
  if redis.call('HEXISTS', KEYS[2], target) == 0 then return 0 end
  if redis.call('HSETNX', key('ITEMS', target), id, json) == 0 then return 0 end
  redis.call('ZADD', key('DUE', target), due, id)
  redis.call('ZADD', key('PENDING', target), at_ms, id)
  redis.call('HINCRBY', KEYS[3], target, #json)
  if redis.call('ZCARD', key('PENDING', target)) > MAX_PENDING then drop_oldest(target) end
  return 1
end

local function drop_what_is_too_much()
  local sum, name = largest()
  while sum > MAX_BYTES do
    drop_oldest(name)
    sum, name = largest()
  end
end

local function note_health(one)
  local health = key('HEALTH', one.target)
  if one.ok then
    redis.call('HSET', health, 'last_ok_ms', ARGV[2])
    redis.call('HDEL', health, 'last_error')
  else
    redis.call('HSET', health, 'last_error', one.error)
  end
  if one.target == 'default' then redis.call('HSET', KEYS[4], 'req', one.req, 'res', one.res) end
end

if op == 'take' then -- acknowledge entries of the event stream and queue what follows from them
  local added = 0
  for _, entry in ipairs(input.entries) do
    -- An entry is acknowledged once, ever: whoever does it queues its deliveries.
    if redis.call('XACK', KEYS[1], input.group, entry.id) == 1 then
      for _, one in ipairs(entry.deliveries) do
        added = added + add(one.target, one.id, one.at_ms, one.at_ms, one.json)
      end
    end
  end
  drop_what_is_too_much()
  return added
elseif op == 'add' then -- due now
  local added = add(input.target, input.id, ARGV[2], input.at_ms, input.json)
  drop_what_is_too_much()
  return added
elseif op == 'hurry' then
  if not redis.call('ZSCORE', key('DUE', input.target), input.id) then return 0 end
  redis.call('ZADD', key('DUE', input.target), ARGV[2], input.id)
  return 1
elseif op == 'retry' then -- due = when
  if not redis.call('ZSCORE', key('DUE', input.target), input.id) then return 0 end
  local had = redis.call('HSTRLEN', key('ITEMS', input.target), input.id)
  redis.call('HSET', key('ITEMS', input.target), input.id, input.json)
  redis.call('HINCRBY', KEYS[3], input.target, #input.json - had)
  redis.call('ZADD', key('DUE', input.target), input.due, input.id)
  note_health(input)
  return 1
elseif op == 'finish' then
  if not unqueue(input.target, input.id) then return 0 end
  write_log(input.target, input.id, input.at_ms, input.json)
  note_health(input)
  return 1
elseif op == 'note' then -- something that was never queued, for the log alone
  if redis.call('HEXISTS', KEYS[2], input.target) == 0 then return 0 end
  write_log(input.target, input.id, input.at_ms, input.json)
  note_health(input)
  return 1
end
return redis.error_reply('unknown operation ' .. op)
