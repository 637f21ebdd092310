-- Hands out pieces of limits per minute. All keys have one hash tag.
-- KEYS[1]: since when there is anything here. KEYS[2]: what replicas may use without a word in a minute; see reserve.lua.
-- KEYS[3..]: one hash per limit and minute: replica -> "granted seq firm".
-- ARGV: replica, seq, replicas, grace_ms, ttl_ms, lifetime_ms; then for each limit: limit, granted, unused, needed, firm,
-- minute.
-- A replica says what it holds, and that is what counts: nothing depends on what was lost on the way. One that is firm
-- uses nothing in this minute that it was not granted; every other one may use its reserve, so that is held for it.
-- Returns the age in ms of what is here, then for each limit: granted on top, and what is left to nobody.
local replica, seq, replicas = ARGV[1], tonumber(ARGV[2]), math.max(1, tonumber(ARGV[3]))
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local since = tonumber(redis.call('GET', KEYS[1]))
if not since or since > now then
  since = now
  redis.call('SET', KEYS[1], now)
end
local lifetime, latest = tonumber(ARGV[6]), -1
local reserves = {}
local known = redis.call('HGETALL', KEYS[2])
for entry = 1, #known, 2 do
  if known[entry] == '#minute' then
    latest = tonumber(known[entry + 1])
  elseif known[entry] ~= replica then
    local parts, seen = string.match(known[entry + 1], '^(%d+) (%d+)$')
    if tonumber(seen) + lifetime >= now then reserves[known[entry]] = tonumber(parts) end
  end
end
local out = { now - since }
for i = 3, #KEYS do
  local at = 6 + (i - 3) * 6
  local limit, mine = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local unused, needed = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local firm, minute = ARGV[at + 5], tonumber(ARGV[at + 6])
  local others, newer, told_of = 0, true, {}
  local entries = redis.call('HGETALL', KEYS[i])
  for entry = 1, #entries, 2 do
    local name = entries[entry]
    local granted, told, settled = string.match(entries[entry + 1], '^(%d+) (%d+) (%d)$')
    if name ~= replica then
      local held = tonumber(granted)
      if settled == '0' then
        held = math.max(held, math.floor(limit * (reserves[name] or 0) / 720720))
      end
      others = others + held
      told_of[name] = true
    elseif tonumber(told) >= seq then
      newer = false -- This one was under way for longer than its successor.
    end
  end
  for name, parts in pairs(reserves) do
    if not told_of[name] then others = others + math.floor(limit * parts / 720720) end
  end
  local left = math.max(0, limit - others - mine)
  local grant = 0
  if newer then
    local even = math.floor(limit / replicas)
    local target = math.floor((left + unused) / (2 * replicas))
    if replicas == 1 then target = left + unused end
    -- The first piece is a share like everybody's; the later ones get smaller as the end comes near.
    if mine == 0 then target = math.max(target, math.min(left, math.floor(even / 2))) end
    target = math.max(target, needed, 1)
    grant = math.max(0, math.min(target - unused, left))
    if out[1] < tonumber(ARGV[4]) then
      -- What was here is lost: others may hold what they have not told yet.
      grant = math.max(0, math.min(grant, even - mine))
    end
    redis.call('HSET', KEYS[i], replica, string.format('%d %d %s', mine + grant, seq, firm))
    redis.call('PEXPIRE', KEYS[i], ARGV[5])
    if grant > 0 and minute > latest then
      latest = minute
      redis.call('HSET', KEYS[2], '#minute', minute)
    end
  end
  out[#out + 1] = grant
  out[#out + 1] = left - grant
end
return out
