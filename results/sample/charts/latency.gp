# latency.gp: latency from the due time at a rate: at shares of each model's own capacity, and at one rate for all.
#
# Redraw: gnuplot latency.gp   (reads ../data/latency.csv; theme.gp says what else can be set)
# Data:   model,load,p99_ms,p50_ms   each with its interval in columns with _low and _high; `valid` 0 is no point

chart = 'latency'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

columns = 'model load p99_ms p50_ms'
panel_in = 'load'
said_panel(p) = p eq 'common' ? latency_common : sprintf(latency_load, p)
strong = 'p99_ms'; weak = 'p50_ms'
strong_words = latency_p99; weak_words = latency_p50
told(v) = seconds(v / 1e3)
axis_words = latency_axis
aside_in = ''; said_aside(v) = ''
question = latency_question
note = latency_note
caption_words = latency_limits
load here . 'panels.gp'
