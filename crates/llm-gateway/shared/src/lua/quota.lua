-- Hands out shares of limits. All keys have one hash tag: that of a bucket of accounts.
-- KEYS[1]: since when there is anything here. KEYS[2]: a hash of who is alive: replica -> "until_ms seq". KEYS[3]: a hash
-- of who has told everything that it holds: replica -> the since that it was told to. Then for each account: its total (what is booked and what is held, an integer), and a hash: "g" how often something was booked while
-- there was no total, "h:REPLICA" what it holds, "b:REPLICA" the last batch of bookings that it told.
-- ARGV: replica, seq, lease_ms, grace_ms, since as the replica knows it (empty: it comes anew), whether it has told
-- everything with this call ("*": yes; empty: no; else if that is since), after which since the roll of replicas was read
-- (empty: it was not), how many are on it, and their names; then for each account:
-- group (those of one group follow each other), what the replica holds, batch, what was booked in it, limit, when to forget it (Unix ms; empty: as it is),
-- 1 for what the ledger books, what is booked by the database (empty: not looked up), "g" as it was before that was looked up, number of
-- tries; and for each try: span, rest, amount, 1 if it is within an even part. A try takes its amount if its span fits.
-- A replica says what it holds, and that is what counts: nothing depends on what was lost on the way.
-- Stored sums are never numbers of Lua, which are exact only below 2^53: they change by INCRBY and DECRBY and are
-- compared as texts.
-- Returns "ok", "lapsed" or "late", since, now, how many replicas are alive; then for each account what was granted, or
-- "?" if its total has to be looked up and nothing was granted to its group; the total; and "g".
local replica, seq, known = ARGV[1], tonumber(ARGV[2]), ARGV[5]
local lease, grace = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local since = redis.call('GET', KEYS[1])
if not since or tonumber(since) > now then
  since = string.format('%d', now)
  redis.call('SET', KEYS[1], since)
end

local alive, count, told = {}, 0, nil
local entries = redis.call('HGETALL', KEYS[2])
for i = 1, #entries, 2 do
  local till, last = string.match(entries[i + 1], '^(%d+) (%d+)$')
  if tonumber(till) < now then
    redis.call('HDEL', KEYS[2], entries[i])
    redis.call('HDEL', KEYS[3], entries[i])
  else
    alive[entries[i]] = true
    count = count + 1
    if entries[i] == replica then told = tonumber(last) end
  end
end
local function answer(how)
  return { how, since, string.format('%d', now), string.format('%d', count) }
end
if known == since and not told then return answer('lapsed') end
if told and told >= seq then return answer('late') end -- It was under way for longer than its successor.
redis.call('HSET', KEYS[2], replica, string.format('%d %d', now + lease, seq))
if not told then
  alive[replica] = true
  count = count + 1
end

-- Whether one integer, as text, is greater than another.
local function exceeds(a, b)
  local a_negative, b_negative = string.sub(a, 1, 1) == '-', string.sub(b, 1, 1) == '-'
  if a_negative ~= b_negative then return b_negative end
  if a_negative then a, b = string.sub(b, 2), string.sub(a, 2) end
  if #a ~= #b then return #a > #b end
  return a > b
end

-- What passes the greatest integer of Redis stays there: more than any limit.
local function add(key, amount)
  local reply = redis.pcall('INCRBY', key, amount)
  if type(reply) == 'table' and reply.err then redis.call('SET', key, '9223372036854775807', 'KEEPTTL') end
end

local accounts, at = {}, 8 + tonumber(ARGV[8])
for i = 4, #KEYS, 2 do
  local account = {
    total = KEYS[i], held = KEYS[i + 1], group = ARGV[at + 1], mine = ARGV[at + 2], batch = ARGV[at + 3],
    booked = ARGV[at + 4], limit = ARGV[at + 5], expiry = ARGV[at + 6], is_booked = ARGV[at + 7] == '1',
    seed = ARGV[at + 8], generation = ARGV[at + 9], tries = {}, granted = '0',
  }
  local tries = tonumber(ARGV[at + 10])
  at = at + 10
  for try = 1, tries do
    account.tries[try] = {
      span = ARGV[at + 1], rest = ARGV[at + 2], amount = ARGV[at + 3], is_even = ARGV[at + 4] == '1',
    }
    at = at + 4
  end
  accounts[#accounts + 1] = account
end

-- What the replica tells, and what the dead held.
local function tell(account)
  local total, held = account.total, account.held
  local exists = redis.call('EXISTS', total) == 1
  local generation, holds, old, batch = '0', {}, '0', '0'
  local fields = redis.call('HGETALL', held)
  for i = 1, #fields, 2 do
    local kind, name, value = string.sub(fields[i], 1, 1), string.sub(fields[i], 3), fields[i + 1]
    if kind == 'g' then
      generation = value
    elseif not alive[name] then
      if kind == 'h' and exists then redis.call('DECRBY', total, value) end
      redis.call('HDEL', held, fields[i])
    elseif name ~= replica then
      if kind == 'h' then holds[#holds + 1] = value end
    elseif kind == 'h' then
      old = value
    else
      batch = value
    end
  end
  local is_new = tonumber(account.batch) > tonumber(batch)
  if not exists and (not account.is_booked or (account.seed ~= '' and account.generation == generation)) then
    redis.call('SET', total, account.seed ~= '' and account.seed or '0')
    for _, value in ipairs(holds) do add(total, value) end
    exists, old = true, '0'
  end
  if exists then
    redis.call('DECRBY', total, old)
    add(total, account.mine)
    if is_new then add(total, account.booked) end
  elseif is_new then
    -- Whoever looks up what is booked may have looked before this was.
    generation = string.format('%d', redis.call('HINCRBY', held, 'g', 1))
  end
  if account.mine ~= '0' or old ~= '0' then redis.call('HSET', held, 'h:' .. replica, account.mine) end
  if is_new then redis.call('HSET', held, 'b:' .. replica, account.batch) end
  account.exists, account.current = exists, generation
end

local refused = {}
for _, account in ipairs(accounts) do
  tell(account)
end
for _, account in ipairs(accounts) do
  account.is_unknown = not account.exists and #account.tries > 0
  if account.is_unknown then refused[account.group] = true end
end

local function take(account, try)
  local reply = redis.pcall('INCRBY', account.total, try.span)
  if type(reply) == 'table' and reply.err then return false end -- Past the greatest integer: past any limit.
  if exceeds(redis.call('GET', account.total), account.limit) then
    redis.call('DECRBY', account.total, try.span)
    return false
  end
  redis.call('DECRBY', account.total, try.rest)
  account.granted = try.amount
  return true
end

-- What was here is lost: others may hold what they have not told yet.
if ARGV[6] == '*' or ARGV[6] == since then redis.call('HSET', KEYS[3], replica, since) end
local is_grace = now - tonumber(since) < grace
if is_grace and ARGV[7] == since then
  -- Whoever is not on the roll came later, and holds nothing but what it was given here.
  is_grace = false
  for i = 9, 8 + tonumber(ARGV[8]) do
    if redis.call('HGET', KEYS[3], ARGV[i]) ~= since then is_grace = true end
  end
end
for first = 1, #accounts do
  local group = accounts[first].group
  if first == 1 or accounts[first - 1].group ~= group then
    local last = first
    while last < #accounts and accounts[last + 1].group == group do last = last + 1 end
    for i = first, last do
      local account = accounts[i]
      local has = #account.tries == 0
      for _, try in ipairs(account.tries) do
        if has or refused[group] then break end
        if try.amount == '0' then
          has = true
        elseif try.is_even or not is_grace then
          has = take(account, try)
        end
      end
      if not has then refused[group] = true end
    end
    -- Given back before the next group is looked at.
    for i = first, last do
      local account = accounts[i]
      if refused[group] and account.granted ~= '0' then
        redis.call('DECRBY', account.total, account.granted)
        account.granted = '0'
      end
    end
  end
end

local out = answer('ok')
for _, account in ipairs(accounts) do
  if account.granted ~= '0' then redis.call('HINCRBY', account.held, 'h:' .. replica, account.granted) end
end
for _, account in ipairs(accounts) do
  local total = redis.call('GET', account.total) or ''
  if not account.is_booked and total == '0' then
    redis.call('DEL', account.total, account.held)
  elseif account.expiry ~= '' then
    redis.call('PEXPIREAT', account.total, account.expiry)
    redis.call('PEXPIREAT', account.held, account.expiry)
  elseif not account.exists or redis.call('PTTL', account.held) == -1 then
    local ttl = redis.call('PTTL', account.total)
    if ttl > 0 then redis.call('PEXPIRE', account.held, ttl) end
    if not account.exists then redis.call('PEXPIRE', account.held, 3600000) end
  end
  out[#out + 1] = account.is_unknown and '?' or account.granted
  out[#out + 1] = total
  out[#out + 1] = account.current
end
return out
