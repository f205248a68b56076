-- One call of the registry: decide, write and append the event in one round trip.
--
-- `K` (names of the keys) is put before this text by core/registry.py.
-- ARGV  1 operation  2 now_ms  3 id of the store  4 length of the event stream  5... by operation
-- Reply {verdict, reason, detail}; verdict 1 = yes.
local op, now = ARGV[1], tonumber(ARGV[2])
local ENDED_MS, TRIES_S, MAX_BLOCKS = 60000, 60, 10000
local client, url, protocol

local function event(type, id, data)
  redis.call('XADD', K.EVENTS, 'MAXLEN', '~', ARGV[4], '*',
    'id', type .. ':' .. id, 'type', type, 'at_ms', ARGV[2], 'stream', url, 'data', data)
end

local function is_our_store()
  return ARGV[3] ~= '' and redis.call('GET', K.EPOCH) == ARGV[3]
end

local function set_live(active)
  redis.call('HSET', K.ACTIVE, url, active)
  redis.call('HDEL', K.SRT, url)
  redis.call('HDEL', K.RTC, url)
  if protocol == 'srt' then redis.call('HSET', K.SRT, url, active) end
  if protocol == 'webrtc' then redis.call('HSET', K.RTC, url, active) end
end

local function owner()
  local raw = redis.call('HGET', K.ACTIVE, url)
  return raw and cjson.decode(raw)['client_id'] or nil
end

local function add(key, field, by)
  if redis.call('HINCRBY', key, field, by) <= 0 then redis.call('HDEL', key, field) end
end

-- Remember who left, so that a list of clients taken a moment earlier does not bring them back.
local function forget(id)
  redis.call('HDEL', K.SESSIONS, id)
  redis.call('ZADD', K.ENDED, now, id)
  redis.call('ZREMRANGEBYSCORE', K.ENDED, '-inf', now - ENDED_MS)
end

-- What is stored of this client if a list of the server was all we had of it. The server lists a
-- client before it asks about it, so a reconciliation may be quicker than the question.
local function only_found()
  local raw = redis.call('HGET', K.SESSIONS, client)
  local had = raw and cjson.decode(raw)
  return had and had.server_id == '' and had
end

local function publish(session, active)
  if redis.call('HEXISTS', K.SESSIONS, client) == 1 then
    local had = only_found()
    if had then
      local state = '"state":"' .. had.state .. '"'
      redis.call('HSET', K.SESSIONS, client, (session:gsub('"state":"live"', state, 1)))
    end
    return {1, 'known'}
  end
  local has = owner()
  if has and has ~= client then
    -- The server asks before it looks whether the stream is busy: this client may be refused in a
    -- moment. It owns nothing until the server's own list says so.
    redis.call('HSET', K.SESSIONS, client,
      (session:gsub('"state":"live"', '"state":"challenger"', 1)))
    return {1, 'challenger'}
  end
  redis.call('HSET', K.SESSIONS, client, session)
  set_live(active)
  redis.call('HINCRBY', K.COUNTER, 'publish', 1)
  event('stream.published', client, session)
  return {1, 'live'}
end

local function play(session, pass)
  if redis.call('HSETNX', K.SESSIONS, client, session) == 0 then
    local had = only_found()
    if had then
      redis.call('HSET', K.SESSIONS, client, session)
      add(K.VIEWERS, url .. '|' .. had.protocol, -1)
      add(K.VIEWERS, url .. '|' .. protocol, 1)
      if (had.pass_id or '') ~= '' then add(K.PASS_VIEWERS, had.pass_id, -1) end
      if pass ~= '' then add(K.PASS_VIEWERS, pass, 1) end
    end
    return {1, 'known', pass}
  end
  redis.call('HINCRBY', K.COUNTER, 'play', 1)
  add(K.VIEWERS, url .. '|' .. protocol, 1)
  if pass ~= '' then add(K.PASS_VIEWERS, pass, 1) end
  event('viewer.joined', client, session)
  return {1, 'live', pass}
end

-- End whatever the client was. The event carries the whole session and its bytes, "sent received".
local function finish(reason, bytes)
  local raw = redis.call('HGET', K.SESSIONS, client)
  if not raw then return {0, 'unknown'} end
  local had = cjson.decode(raw)
  url, protocol = had.url, had.protocol
  forget(client)
  bytes = bytes or redis.call('HGET', K.BYTES, client) or '0 0'
  redis.call('HDEL', K.BYTES, client)
  local sent, received = bytes:match('^(%d+) (%d+)$')
  local over = raw:sub(1, -2) .. ',"reason":' .. cjson.encode(reason) .. ',"ended_ms":' .. ARGV[2]
    .. ',"send_bytes":' .. (sent or '0') .. ',"recv_bytes":' .. (received or '0') .. '}'
  if had.kind == 'play' then
    add(K.VIEWERS, url .. '|' .. protocol, -1)
    if (had.pass_id or '') ~= '' then add(K.PASS_VIEWERS, had.pass_id, -1) end
    event('viewer.left', client, over)
    return {1, 'viewer'}
  end
  if had.kind == 'relay' then return {1, 'relay'} end
  if owner() ~= client then return {1, 'challenger'} end
  redis.call('HDEL', K.ACTIVE, url)
  redis.call('HDEL', K.SRT, url)
  redis.call('HDEL', K.RTC, url)
  event('stream.unpublished', client, over)
  return {1, 'publisher'}
end

-- Which key lets a publisher in: nil and why not, or the id of the key ("" = the global secret).
-- Digests with a salt are compared, so the time taken tells nothing about a secret.
local function find_key(name, presented, salt, digest, ip, own_only, in_name)
  local auth = redis.call('HMGET', K.AUTH, 'pubNoAuth', 'pubSecret', 'room-pub-' .. name)
  if auth[1] == 'true' then return 'none' end
  if auth[3] and auth[3] ~= '' then
    if redis.sha1hex(salt .. auth[3]) == presented then return 'room' end
    return nil, 'wrong_secret'
  end
  local id = redis.call('HGET', K.KEY_DIGESTS, url .. ' ' .. digest)
  local raw = id and redis.call('HGET', K.KEYS, id)
  if raw then
    local key = cjson.decode(raw)
    if not key.enabled then return nil, 'key_disabled' end
    if type(key.expires_ms) == 'number' and key.expires_ms <= now then return nil, 'key_expired' end
    redis.call('HSET', K.KEY_USED, id, ARGV[2] .. ' ' .. ip)
    return id
  end
  if own_only then return nil, 'wrong_secret' end
  local secret = auth[2]
  if not secret or secret == '' then return nil, 'no_secret_set' end
  local expected = redis.sha1hex(salt .. secret)
  if expected == presented then return '' end
  if in_name and redis.sha1hex(salt .. name:sub(-#secret)) == expected then return '' end
  return nil, 'wrong_secret'
end

local function may_publish(name, ip, presented, salt, digest, asked, neighbours)
  if not is_our_store() then return nil, 'store_emptied' end
  local until_ms = redis.call('HGET', K.KICKED, url)
  if until_ms then
    if tonumber(until_ms) > now then return nil, 'kicked' end
    redis.call('HDEL', K.KICKED, url)
  end
  local rules = redis.call('HMGET', K.PUBLISH_RULES,
    'known_only', 'secret_in_name', 'max_streams', 'max_attempts')
  local max_tries = tonumber(rules[4] or '30')
  local tries = K.TRIES .. neighbours
  local limited = max_tries > 0 and ip ~= '127.0.0.1' and ip ~= '::1' and ip ~= ''
  if limited and tonumber(redis.call('GET', tries) or '0') >= max_tries then
    return nil, 'too_many_attempts'
  end
  local raw = redis.call('HGET', K.STREAMS, url)
  local known = raw and cjson.decode(raw)
  if asked == 'house' then
    if known and known.enabled == false then return nil, 'stream_disabled' end
    return 'house'
  end
  local id, why = find_key(name, presented, salt, digest, ip,
    known and known.own_keys_only, rules[2] == 'true')
  if not id then
    if limited and redis.call('INCR', tries) == 1 then redis.call('EXPIRE', tries, TRIES_S) end
    return nil, why
  end
  if known and known.enabled == false then return nil, 'stream_disabled' end
  -- A room is known by its own list.
  if not known and id ~= 'room' and rules[1] == 'true' then return nil, 'unknown_stream' end
  local max = tonumber(rules[3] or '0')
  if max > 0 and not owner() and redis.call('HLEN', K.ACTIVE) >= max then
    return nil, 'too_many_streams'
  end
  if asked == '' and redis.call('EXISTS', K.BLOCKING) == 1 then return nil, 'ask' end
  return id
end

local function is_blocked(where, ip)
  local block = where .. '|' .. ip
  local until_ms = redis.call('HGET', K.BLOCKS, block)
  if not until_ms then return false end
  if tonumber(until_ms) > now then return true end
  redis.call('HDEL', K.BLOCKS, block)
  return false
end

local function is_public(by)
  local raw = redis.call('HGET', K.PLAY_RULES, by) or redis.call('HGET', K.PLAY_RULES, '*')
  return raw and cjson.decode(raw).kind == 'public'
end

-- The stream whose rule counts: of a rendition its source's, as long as that protects it at all.
-- core/play_rules.py `ruled` is the same in Python.
local function ruled(of)
  local source = redis.call('HGET', K.RENDITIONS, of)
  if not source or redis.call('HEXISTS', K.PLAY_RULES, of) == 0 then return source or of end
  return is_public(source) and of or source
end

-- Why a viewer may not watch, or nil and the pass that lets it in. core/play_rules.py `judge` is
-- the same in Python.
local function may_watch(pass, fault, ip, approved)
  if not is_our_store() then return 'store_emptied' end
  local by = ruled(url)
  if is_blocked(url, ip) or (by ~= url and is_blocked(by, ip)) then return 'viewer_blocked' end
  local raw = redis.call('HGET', K.PLAY_RULES, by) or redis.call('HGET', K.PLAY_RULES, '*')
  if not raw then return 'store_emptied' end
  local rule = cjson.decode(raw)
  if rule.kind == 'public' then return nil, '' end
  if pass == 'operator' then return nil, pass end
  if rule.kind == 'webhook' then
    local wanted = string.format('webhook:%d', rule.generation)
    if pass == wanted or approved == tostring(rule.generation) then return nil, wanted end
    return 'ask', raw
  end
  if fault ~= '' then return fault end
  if pass == '' or pass:sub(1, 8) == 'webhook:' then return 'pass_missing' end
  if pass:sub(1, 7) == 'phrase:' then
    if rule.phrase_hash ~= '' and pass == string.format('phrase:%d', rule.phrase_generation) then
      return nil, pass
    end
    return 'phrase_changed'
  end
  local found = redis.call('HGET', K.PASSES, pass)
  if not found then return 'pass_unknown' end
  found = cjson.decode(found)
  if found.url ~= by then return 'pass_other_stream' end
  if found.revoked then return 'pass_revoked' end
  if type(found.expires_ms) == 'number' and found.expires_ms <= now then return 'pass_expired' end
  if found.max_viewers > 0
    and tonumber(redis.call('HGET', K.PASS_VIEWERS, pass) or '0') >= found.max_viewers then
    return 'pass_in_use'
  end
  return nil, pass
end

-- A rendition is made here: whoever publishes by that name with a key of his own shows another
-- stream, of which the viewers of this one must not be told.
local function is_made_here(stream)
  local raw = redis.call('HGET', K.ACTIVE, stream)
  local session = raw and redis.call('HGET', K.SESSIONS, cjson.decode(raw).client_id)
  return session and cjson.decode(session).key_id == 'house'
end

-- What a player may switch between: the renditions of this stream that are live, as JSON. One that
-- a rule of its own protects is for who asks for it.
local function variants()
  local raw = redis.call('HGET', K.LADDERS, url)
  if not raw then return '' end
  local app, live = url:match('^(.*)/'), {}
  for _, one in ipairs(cjson.decode(raw).variants) do
    local stream = app .. '/' .. one.stream
    if is_made_here(stream) and (ruled(stream) ~= stream or is_public(stream)) then
      live[#live + 1] = one
    end
  end
  return #live > 0 and cjson.encode(live) or ''
end

-- Refuse, so that a list which has this client already does not bring it in.
local function refuse(why, detail)
  if client ~= '' and why ~= 'ask' and why ~= 'store_emptied' then
    redis.call('ZADD', K.ENDED, now, '!' .. client)
    redis.call('ZREMRANGEBYSCORE', K.ENDED, '-inf', now - ENDED_MS)
    if only_found() then finish('refused') end
  end
  return {0, why, detail or ''}
end

if op == 'publish' then
  -- 5 client  6 url  7 protocol  8 session  9 active  10 stream name  11 address
  -- 12 salted digest of what was presented  13 the salt  14 its SHA-256  15 "1": targets were asked; "house": our own
  -- 16 address or network that failures count by
  client, url, protocol = ARGV[5], ARGV[6], ARGV[7]
  local id, why = may_publish(ARGV[10], ARGV[11], ARGV[12], ARGV[13], ARGV[14], ARGV[15],
    ARGV[16])
  if not id then return refuse(why) end
  local session = ARGV[8]
  if id ~= '' then session = session:gsub('"key_id":""', '"key_id":"' .. id .. '"', 1) end
  return publish(session, ARGV[9])
elseif op == 'play' then
  -- 5 client  6 url  7 protocol  8 session  9 pass id  10 fault of the pass  11 address
  -- 12 generation a webhook approved  13 "1": only when live  14 "1": only ask, register nothing
  client, url, protocol = ARGV[5], ARGV[6], ARGV[7]
  local why, detail = may_watch(ARGV[9], ARGV[10], ARGV[11], ARGV[12])
  if why then return refuse(why, detail) end
  if ARGV[13] == '1' and redis.call('HEXISTS', K.ACTIVE, url) == 0 then
    return refuse('stream_not_live')
  end
  if ARGV[14] == '1' then return {1, 'allowed', detail} end
  local session = ARGV[8]
  if detail ~= '' then
    session = session:gsub('"pass_id":""', '"pass_id":"' .. detail .. '"', 1)
    if detail:find('^%x+$') then -- a link, not the passphrase, a webhook or the operator
      redis.call('HINCRBY', K.PASS_USED, detail, 1)
      redis.call('HSET', K.PASS_USED, detail .. ':last', ARGV[2])
    end
  end
  local let_in = play(session, detail)
  if protocol == 'hls' then let_in[4] = variants() end
  return let_in
elseif op == 'relay' then -- 5 client  6 session
  client = ARGV[5]
  if not is_our_store() then return {0, 'store_emptied'} end
  -- A list of the server that was quicker has made it a viewer.
  if only_found() then finish('relay') end
  redis.call('HSET', K.SESSIONS, client, ARGV[6])
  return {1, 'live'}
elseif op == 'finish' then -- 5 client  6 why
  client = ARGV[5]
  return finish(ARGV[6])
elseif op == 'close' then -- 5 client  6 "sent received": its connection is over, bytes are exact
  client = ARGV[5]
  local ended = finish('on_close', ARGV[6])
  if ended[1] == 0 and redis.call('ZSCORE', K.ENDED, client) then
    local sent, received = ARGV[6]:match('^(%d+) (%d+)$')
    url = ''
    event('session.closed', client, '{"client_id":' .. cjson.encode(client)
      .. ',"send_bytes":' .. sent .. ',"recv_bytes":' .. received .. '}')
  end
  return ended
elseif op == 'sample' then -- 5... client, "sent received", client, ...
  for i = 5, #ARGV, 2 do
    if redis.call('HEXISTS', K.SESSIONS, ARGV[i]) == 1 then
      redis.call('HSET', K.BYTES, ARGV[i], ARGV[i + 1])
    end
  end
  return {1, 'sampled'}
elseif op == 'segment' then -- 5 url  6 key  7 data
  url = ARGV[5]
  event('segment.ready', ARGV[6], ARGV[7])
  return {1, 'segment'}
elseif op == 'kick' then -- 5 url  6 until when it may not come back, ms  7 client  8 why
  url = ARGV[5]
  if tonumber(ARGV[6]) > now then redis.call('HSET', K.KICKED, url, ARGV[6]) end
  event('stream.kicked', ARGV[7] .. ':' .. ARGV[2],
    '{"client_id":' .. cjson.encode(ARGV[7]) .. ',"reason":' .. cjson.encode(ARGV[8]) .. '}')
  return {1, 'kicked'}
elseif op == 'kick_viewer' then -- 5 client  6 url  7 address  8 until when, ms
  client, url = ARGV[5], ARGV[6]
  if tonumber(ARGV[8]) > now then
    if redis.call('HLEN', K.BLOCKS) >= MAX_BLOCKS then
      local all = redis.call('HGETALL', K.BLOCKS)
      for i = 1, #all, 2 do
        if tonumber(all[i + 1]) <= now then redis.call('HDEL', K.BLOCKS, all[i]) end
      end
    end
    redis.call('HSET', K.BLOCKS, url .. '|' .. ARGV[7], ARGV[8])
  end
  event('viewer.kicked', client .. ':' .. ARGV[2], '{"client_id":' .. cjson.encode(client) .. '}')
  return {1, 'kicked'}
elseif op == 'found' then
  -- the server has this client, do we?  5 client  6 url  7 protocol  8 session  9 active  10 kind
  client, url, protocol = ARGV[5], ARGV[6], ARGV[7]
  if redis.call('ZSCORE', K.ENDED, client) then return {0, 'ended'} end
  if redis.call('ZSCORE', K.ENDED, '!' .. client) then return {0, 'refused'} end
  if redis.call('HEXISTS', K.SESSIONS, client) == 1 then return {0, 'known'} end
  event('registry.repaired', client, '{"client_id":' .. cjson.encode(client) .. ',"repair":"added"}')
  if ARGV[10] == 'publish' then return publish(ARGV[8], ARGV[9]) end
  return play(ARGV[8], '')
elseif op == 'lost' then -- 5 client  6 ms: the server's list, begun then, lacks this client
  client = ARGV[5]
  local raw = redis.call('HGET', K.SESSIONS, client)
  if not raw then return {0, 'unknown'} end
  local had = cjson.decode(raw)
  if had.since_ms >= tonumber(ARGV[6]) then return {0, 'younger'} end
  url = had.url
  event('registry.repaired', client,
    '{"client_id":' .. cjson.encode(client) .. ',"repair":"removed"}')
  return finish('lost')
elseif op == 'promote' then
  -- the server says that this publisher, not the recorded one, is live; arguments as of found
  client, url, protocol = ARGV[5], ARGV[6], ARGV[7]
  local raw = redis.call('HGET', K.SESSIONS, client)
  if not raw or cjson.decode(raw).state ~= 'challenger' then return {0, 'unknown'} end
  local old = owner()
  if old then
    client = old
    if finish('replaced')[1] == 0 then redis.call('HDEL', K.ACTIVE, ARGV[6]) end
    client, url, protocol = ARGV[5], ARGV[6], ARGV[7]
  end
  redis.call('HSET', K.SESSIONS, client, ARGV[8])
  set_live(ARGV[9])
  redis.call('HINCRBY', K.COUNTER, 'publish', 1)
  event('stream.published', client, ARGV[8])
  return {1, 'live'}
end
return redis.error_reply('unknown operation ' .. op)
