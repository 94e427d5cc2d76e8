# What this result says of its chart; theme.gp lists what can be set.
if (!exists('subtitle')) { subtitle = '4000 URLs of 1KiB, at most 64 at a time' }
if (!exists('placement')) { placement = 'apart' }
