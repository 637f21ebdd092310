-- Divides places for requests at a time. All keys have one hash tag.
-- KEYS[1]: since when there is anything here. KEYS[2..]: one hash per limit: replica -> "held wanted seen_ms seq".
-- ARGV: replica, seq, replicas, grace_ms, lifetime_ms; then for each limit: limit, held, wanted.
-- Returns the age in ms of what is here, then for each limit how many the replica may have.
local replica, seq, replicas = ARGV[1], tonumber(ARGV[2]), math.max(1, tonumber(ARGV[3]))
local lifetime = tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local since = tonumber(redis.call('GET', KEYS[1]))
if not since or since > now then
  since = now
  redis.call('SET', KEYS[1], now)
end
local out = { now - since }
for i = 2, #KEYS do
  local at = 5 + (i - 2) * 3
  local limit, held, wanted = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local newer, names, all = true, {}, {}
  local entries = redis.call('HGETALL', KEYS[i])
  for entry = 1, #entries, 2 do
    local name = entries[entry]
    local has, wants, seen, told = string.match(entries[entry + 1], '^(%d+) (%d+) (%d+) (%d+)$')
    if name == replica then
      newer = tonumber(told) < seq
    elseif tonumber(seen) + lifetime < now then
      redis.call('HDEL', KEYS[i], name) -- Gone, and its requests with it.
    else
      all[name] = { has = tonumber(has), wants = tonumber(wants) }
      if all[name].wants > 0 then names[#names + 1] = name end
    end
  end
  if wanted > 0 then names[#names + 1] = replica end
  table.sort(names)
  local even, rest = math.floor(limit / math.max(1, #names)), limit % math.max(1, #names)
  local turn = #names > 0 and time[1] % #names or 0 -- What cannot be divided goes round.
  local fair = {}
  for place, name in ipairs(names) do
    local extra = (place - 1 + turn) % #names < rest and 1 or 0
    fair[name] = even + extra
  end
  local taken = 0
  for name, other in pairs(all) do
    taken = taken + math.max(other.has, math.min(other.wants, fair[name] or 0))
  end
  local may = math.max(0, math.min(wanted, limit - taken))
  if out[1] < tonumber(ARGV[4]) then
    -- What was here is lost: others may hold what they have not told yet.
    may = math.min(may, math.max(held, math.floor(limit / replicas)))
  end
  if newer then
    local entry = string.format('%d %d %d %d', math.max(may, held), wanted, now, seq)
    redis.call('HSET', KEYS[i], replica, entry)
    redis.call('PEXPIRE', KEYS[i], 2 * lifetime)
  else
    may = math.min(may, held)
  end
  out[#out + 1] = may
end
return out
