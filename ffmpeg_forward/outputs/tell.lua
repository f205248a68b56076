-- Tell what became of an output, and note that it was told, at once.
--
-- KEYS  1 STREAMSTEAD_EVENTS   2 STREAMSTEAD_OUTPUTS_TOLD
-- ARGV  1 output id   2 what was told before ("" = nothing)   3 what counts as told now ("" = nothing)
--       4 how long the stream may be; then id, type, at_ms, stream and data of the event, if any
-- Reply: 1 done, 0 somebody else has told something meanwhile.
if (redis.call('HGET', KEYS[2], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[5] then
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'id', ARGV[5], 'type', ARGV[6],
    'at_ms', ARGV[7], 'stream', ARGV[8], 'data', ARGV[9])
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
end
return 1
