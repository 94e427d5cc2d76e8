# What this result says of its chart; theme.gp lists what can be set.
if (!exists('subtitle')) { subtitle = 'URLs of 1KiB, 100 at a time, each answered after 10ms' }
if (!exists('placement')) { placement = 'apart' }
if (!exists('noise_floor')) { noise_floor = 0.06405838094999994 }
