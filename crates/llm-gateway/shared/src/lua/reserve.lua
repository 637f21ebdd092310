-- The part of every limit that a replica may use in a minute in which it has not reached Redis. Both keys have one hash
-- tag.
-- KEYS[1]: a hash: replica -> "parts seen"; "#minute" -> the latest minute of which a piece was handed out.
-- ARGV: replica, wanted, lifetime_ms. All parts together are never more than a whole, which is 720720.
-- Whoever wants less than it has must keep to that already. Whoever wants more has it once it is told so.
-- Returns the parts, how many replicas there are, and the latest minute of which a piece was handed out, or -1.
local replica, wanted, lifetime = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local others, count, minute = 0, 1, -1
local entries = redis.call('HGETALL', KEYS[1])
for entry = 1, #entries, 2 do
  local name = entries[entry]
  if name == '#minute' then
    minute = tonumber(entries[entry + 1])
  elseif name ~= replica then
    local parts, seen = string.match(entries[entry + 1], '^(%d+) (%d+)$')
    if tonumber(seen) + lifetime < now then
      redis.call('HDEL', KEYS[1], name) -- Gone.
    else
      others = others + tonumber(parts)
      count = count + 1
    end
  end
end
local parts = math.max(0, math.min(wanted, 720720 - others))
redis.call('HSET', KEYS[1], replica, string.format('%d %d', parts, now))
redis.call('PEXPIRE', KEYS[1], 2 * lifetime)
return { parts, count, minute }
