# What this result says of its chart; theme.gp lists what can be set.
if (!exists('subtitle')) { subtitle = '120 URLs of 1KiB, 40 at a time, each answered after 25ms' }
if (!exists('placement')) { placement = 'apart' }
if (!exists('noise_floor')) { noise_floor = 0.02894812561999993 }
