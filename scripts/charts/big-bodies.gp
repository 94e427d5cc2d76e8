# big-bodies.gp: large bodies beside small ones, kept on disk: what a large one holds up.
#
# Redraw: gnuplot big-bodies.gp   (reads ../data/big-bodies.csv; theme.gp says what else can be set)
# Data:   model,variant,median_s   and its interval in columns with _low and _high; `valid` 0 is no point

chart = 'big-bodies'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

columns = 'model variant median_s'
panel_in = 'variant'
said_panel(p) = p eq '1KiB' ? big_every : sprintf(big_beside, p)
strong = 'median_s'; weak = ''
strong_words = ''; weak_words = ''
told(v) = seconds(v)
axis_words = time_axis
aside_in = ''; said_aside(v) = ''
question = big_question
note = big_note
load here . 'panels.gp'
