-- Write, change or remove outputs together with what other programs read of them, all or nothing.
--
-- KEYS  1 STREAMSTEAD_OUTPUTS   2 SRS_FORWARD_CONFIG
-- ARGV  1 how many outputs there may be; then for each change: id, JSON it must have now ("" = there
--       is none), new JSON ("" = remove), field of KEYS[2], its new value
-- Reply: 1 done, 0 one is not what it was, -1 there are too many.
local fresh = 0
for at = 2, #ARGV, 5 do
  if (redis.call('HGET', KEYS[1], ARGV[at]) or '') ~= ARGV[at + 1] then return 0 end
  if ARGV[at + 1] == '' then fresh = fresh + 1 end
end
if fresh > 0 and redis.call('HLEN', KEYS[1]) + fresh > tonumber(ARGV[1]) then return -1 end
for at = 2, #ARGV, 5 do
  local id, after, field, mirror = ARGV[at], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  if after == '' then
    redis.call('HDEL', KEYS[1], id)
    redis.call('HDEL', KEYS[2], field)
  else
    redis.call('HSET', KEYS[1], id, after)
    redis.call('HSET', KEYS[2], field, mirror)
  end
end
return 1
