# small-bodies.gp: how long small bodies take beside large ones, all kept on disk: what a large one holds up.
#
# Redraw: gnuplot small-bodies.gp   (reads ../data/small-bodies.csv; theme.gp says what else can be set)
# Data:   model,variant,p99_s,p50_s   and their intervals in columns with _low and _high, slowest_s; `valid` 0 is no point

chart = 'small-bodies'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

columns = 'model variant p99_s p50_s'
panel_in = 'variant'
said_panel(p) = p eq '1KiB' ? big_every : sprintf(big_beside, p)
strong = 'p99_s'; weak = 'p50_s'
strong_words = small_p99; weak_words = small_p50
told(v) = seconds(v)
axis_words = small_axis
aside_in = 'slowest_s'; said_aside(v) = sprintf(small_slowest, seconds(v))
question = small_question
note = small_note
load here . 'panels.gp'
