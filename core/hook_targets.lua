-- Write or remove a webhook target, with everything that must agree with it, at once.
--
-- KEYS  1 STREAMSTEAD_HOOK_TARGETS   2 STREAMSTEAD_HOOK_BLOCKING   3 SRS_HOOKS
--       4 STREAMSTEAD_HOOK_BYTES     5... the keys of the target's queue
-- ARGV  1 operation   2 target id   3 JSON it must have now ("" = none)   4 new JSON
--       5 how many targets there may be   6, 7, 8, 9 SRS_HOOKS target, all, opaque, host
-- Reply: 1 done, 0 it is not what it was, -1 there are too many.
local op, id, before, after = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

-- A publisher is asked about only while somebody wants to be asked: one look at one key tells.
local function mark_blocking()
  for _, raw in ipairs(redis.call('HVALS', KEYS[1])) do
    local target = cjson.decode(raw)
    if target.enabled and target.blocking then
      for _, type in ipairs(target.types) do
        if type == 'stream.published' then
          redis.call('SET', KEYS[2], '1')
          return
        end
      end
    end
  end
  redis.call('DEL', KEYS[2])
end

if (redis.call('HGET', KEYS[1], id) or '') ~= before then return 0 end
if op == 'remove' then
  redis.call('HDEL', KEYS[1], id)
  redis.call('HDEL', KEYS[4], id)
  for at = 5, #KEYS do redis.call('DEL', KEYS[at]) end
else
  if before == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return -1 end
  redis.call('HSET', KEYS[1], id, after)
end
mark_blocking()
if id == 'default' then
  redis.call('HSET', KEYS[3], 'target', ARGV[6], 'all', ARGV[7], 'opaque', ARGV[8], 'host', ARGV[9])
end
return 1
