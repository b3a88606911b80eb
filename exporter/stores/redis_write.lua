#!lua
-- Writes a part of the journal's contents: all of it, or nothing and the reason.
--
-- KEYS  1 liq:meta  2 liq:lease  3 liq:exchanges  4 liq:recent
-- ARGV  1 lease of the writer  2 its length in ms  3 head  4 events: a line of JSON each
--
-- head  expect     what liq:meta must hold: {state, journal, seq, rewrite}, '' where there is nothing
--       delete     keys to delete first
--       ids        stream ids of the events
--       keep       how many events the stream keeps
--       exchanges  their exchanges
--       hashes     {key, how many fields it must have now (-1: any, and they go), {field, value, ...}}
--       publish    messages for the channel liq:cascades
--       unset      fields of liq:meta to delete
--       set        {field, value, ...} of liq:meta
--
-- Everything that can be wrong is looked at before the first write, because a script is not rolled back. The stream
-- comes first: its ids must rise, and that is checked by the first XADD.
-- Answers {'ok'}, {'lease', holder}, {'moved'}, {'differs', key} or {'type', key}.

local meta, lease, exchanges, recent = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local call, pcall = redis.call, redis.pcall
local head = cjson.decode(ARGV[3])
local FIELDS = 2000 -- unpack has a limit

local function size(command, key)
  local answer = pcall(command, key)
  if type(answer) ~= 'table' then return answer end
  if string.find(answer.err, 'WRONGTYPE', 1, true) then return nil, {'type', key} end
  return nil, answer
end

local function hset(key, fields)
  for from = 1, #fields, FIELDS do
    call('HSET', key, unpack(fields, from, math.min(from + FIELDS - 1, #fields)))
  end
end

for command, key in pairs({STRLEN = lease, HLEN = meta, SCARD = exchanges, XLEN = recent}) do
  local _, problem = size(command, key)
  if problem then return problem end
end
local held = call('GET', lease)
if held and held ~= ARGV[1] then return {'lease', held} end
local found = call('HMGET', meta, 'state', 'journal', 'seq', 'rewrite')
for i, value in ipairs(head.expect) do
  if (found[i] or '') ~= value then return {'moved'} end
end
for _, hash in ipairs(head.hashes) do
  local fields, problem = size('HLEN', hash[1])
  if problem then return problem end
  if hash[2] >= 0 and hash[2] ~= fields then return {'differs', hash[1]} end
end

for _, key in ipairs(head.delete) do call('UNLINK', key) end
local lines, from = ARGV[4], 1
for _, id in ipairs(head.ids) do
  local to = string.find(lines, '\n', from, true)
  local added = pcall('XADD', recent, id, 'event', string.sub(lines, from, to - 1))
  if type(added) == 'table' then
    if string.find(added.err, 'equal or smaller', 1, true) then return {'differs', recent} end
    return added
  end
  from = to + 1
end
if #head.ids > 0 then call('XTRIM', recent, 'MAXLEN', '~', head.keep) end
if #head.exchanges > 0 then call('SADD', exchanges, unpack(head.exchanges)) end
for _, hash in ipairs(head.hashes) do
  if hash[2] < 0 then call('UNLINK', hash[1]) end
  hset(hash[1], hash[3])
end
if #head.unset > 0 then call('HDEL', meta, unpack(head.unset)) end
hset(meta, head.set)
for _, message in ipairs(head.publish) do call('PUBLISH', 'liq:cascades', message) end
call('SET', lease, ARGV[1], 'PX', ARGV[2])
return {'ok'}
