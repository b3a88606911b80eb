#!lua
-- Gives the lease back if it is still the writer's. KEYS 1 liq:lease  ARGV 1 lease of the writer

if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
