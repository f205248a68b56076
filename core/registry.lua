-- One call of the registry: decide, write and append the event in one round trip.
--
-- KEYS  1 SRS_AUTH_SECRET      2 STREAMSTEAD_SESSIONS   3 SRS_STREAM_ACTIVE
--       4 SRS_STREAM_SRT_ACTIVE 5 SRS_STREAM_RTC_ACTIVE 6 STREAMSTEAD_VIEWERS
--       7 STREAMSTEAD_EVENTS   8 SRS_STAT_COUNTER       9 STREAMSTEAD_ENDED
--      10 STREAMSTEAD_KICKED
-- ARGV  1 operation  2 now_ms  3 client_id  4 url  5 protocol  6 session JSON  7 active JSON
--       8 extra (by operation)  9 salt of the secret digest  10 length of the event stream
-- Reply {verdict, reason}; verdict 1 = yes.
local op, now, client, url = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local protocol, session, active, extra = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local ENDED_MS = 60000

local function event(type, id, data)
  redis.call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[10], '*',
    'id', type .. ':' .. id, 'type', type, 'at_ms', ARGV[2], 'stream', url, 'data', data)
end

local function set_live()
  redis.call('HSET', KEYS[3], url, active)
  redis.call('HDEL', KEYS[4], url)
  redis.call('HDEL', KEYS[5], url)
  if protocol == 'srt' then redis.call('HSET', KEYS[4], url, active) end
  if protocol == 'webrtc' then redis.call('HSET', KEYS[5], url, active) end
end

local function owner()
  local raw = redis.call('HGET', KEYS[3], url)
  return raw and cjson.decode(raw)['client_id'] or nil
end

local function count_viewer(by)
  local field = url .. '|' .. protocol
  if redis.call('HINCRBY', KEYS[6], field, by) <= 0 then redis.call('HDEL', KEYS[6], field) end
end

-- Remember who left, so that a list of clients taken a moment earlier does not bring them back.
local function forget(id)
  redis.call('HDEL', KEYS[2], id)
  redis.call('ZADD', KEYS[9], now, id)
  redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', now - ENDED_MS)
end

local function publish()
  if redis.call('HEXISTS', KEYS[2], client) == 1 then return {1, 'known'} end
  if owner() and owner() ~= client then
    -- The server asks before it looks whether the stream is busy: this client may be refused in a
    -- moment. It owns nothing until the server's own list says so.
    redis.call('HSET', KEYS[2], client, (session:gsub('"state":"live"', '"state":"challenger"', 1)))
    return {1, 'challenger'}
  end
  redis.call('HSET', KEYS[2], client, session)
  set_live()
  redis.call('HINCRBY', KEYS[8], 'publish', 1)
  event('stream.published', client, session)
  return {1, 'live'}
end

local function play()
  if redis.call('HSETNX', KEYS[2], client, session) == 0 then return {1, 'known'} end
  redis.call('HINCRBY', KEYS[8], 'play', 1)
  count_viewer(1)
  event('viewer.joined', client, session)
  return {1, 'live'}
end

-- End whatever the client was; extra = why.
local function finish()
  local raw = redis.call('HGET', KEYS[2], client)
  if not raw then return {0, 'unknown'} end
  local had = cjson.decode(raw)
  url, protocol = had.url, had.protocol
  forget(client)
  if had.kind == 'play' then
    count_viewer(-1)
    event('viewer.left', client, cjson.encode({client_id = client, reason = extra}))
    return {1, 'viewer'}
  end
  if owner() ~= client then return {1, 'challenger'} end
  redis.call('HDEL', KEYS[3], url)
  redis.call('HDEL', KEYS[4], url)
  redis.call('HDEL', KEYS[5], url)
  event('stream.unpublished', client, cjson.encode({client_id = client, reason = extra}))
  return {1, 'publisher'}
end

if op == 'publish' then -- extra = salted digest of the presented secret
  local until_ms = redis.call('HGET', KEYS[10], url)
  if until_ms and tonumber(until_ms) > now then return {0, 'kicked'} end
  if until_ms then redis.call('HDEL', KEYS[10], url) end
  if redis.call('HGET', KEYS[1], 'pubNoAuth') ~= 'true' then
    local secret = redis.call('HGET', KEYS[1], 'pubSecret')
    if not secret or secret == '' then return {0, 'no_secret_set'} end
    -- Digests with a salt are compared, so the time taken tells nothing about the secret.
    if redis.sha1hex(ARGV[9] .. secret) ~= extra then return {0, 'wrong_secret'} end
  end
  return publish()
elseif op == 'play' then
  return play()
elseif op == 'finish' then
  return finish()
elseif op == 'close' then -- the connection of a publisher or of a refused second one
  return finish()
elseif op == 'segment' then
  event('segment.ready', extra, session)
  return {1, 'segment'}
elseif op == 'kick' then -- extra = until when the stream may not come back, ms
  redis.call('HSET', KEYS[10], url, extra)
  return {1, 'kicked'}
elseif op == 'found' then -- the server has this client, do we?
  if redis.call('ZSCORE', KEYS[9], client) then return {0, 'ended'} end
  if redis.call('HEXISTS', KEYS[2], client) == 1 then return {0, 'known'} end
  event('registry.repaired', client, cjson.encode({client_id = client, repair = 'added'}))
  if extra == 'publish' then return publish() end
  return play()
elseif op == 'lost' then -- the server's list, begun at extra ms, lacks this client
  local raw = redis.call('HGET', KEYS[2], client)
  if not raw then return {0, 'unknown'} end
  if cjson.decode(raw).since_ms >= tonumber(extra) then return {0, 'younger'} end
  url = cjson.decode(raw).url
  event('registry.repaired', client, cjson.encode({client_id = client, repair = 'removed'}))
  extra = 'lost'
  return finish()
elseif op == 'promote' then -- the server says that this publisher, not the recorded one, is live
  local raw = redis.call('HGET', KEYS[2], client)
  if not raw or cjson.decode(raw).state ~= 'challenger' then return {0, 'unknown'} end
  local old = owner()
  if old then
    local mine, my_protocol = client, protocol
    client, extra = old, 'replaced'
    if finish()[1] == 0 then redis.call('HDEL', KEYS[3], url) end
    client, protocol = mine, my_protocol
  end
  redis.call('HSET', KEYS[2], client, session)
  set_live()
  redis.call('HINCRBY', KEYS[8], 'publish', 1)
  event('stream.published', client, session)
  return {1, 'live'}
end
return redis.error_reply('unknown operation ' .. op)
