# What this result says of its chart; theme.gp lists what can be set.
if (!exists('subtitle')) { subtitle = '12 URLs of 1KiB for each one in flight, each answered after 5ms' }
if (!exists('placement')) { placement = 'apart' }
if (!exists('noise_floor')) { noise_floor = 0.17645948963000002 }
