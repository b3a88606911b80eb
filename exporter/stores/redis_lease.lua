#!lua
-- Takes or renews the lease. KEYS 1 liq:lease  ARGV 1 lease of the writer (JSON)  2 its length in ms
--
-- Another holder's lease stands until it lapses, except that of an earlier process on the same host and journal: two
-- processes never hold one journal, so that one is dead. Answers {'ok'}, {'lease', holder} or {'type', key}.

local held = redis.pcall('GET', KEYS[1])
if type(held) == 'table' then
  if string.find(held.err, 'WRONGTYPE', 1, true) then return {'type', KEYS[1]} end
  return held
end
if held and held ~= ARGV[1] then
  local known, other = pcall(cjson.decode, held)
  local own = cjson.decode(ARGV[1])
  local successor = known and type(other) == 'table' and type(other.since_ms) == 'number'
    and other.host == own.host and other.journal == own.journal and other.since_ms < own.since_ms
  if not successor then return {'lease', held} end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {'ok'}
