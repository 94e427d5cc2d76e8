# far.gp: a network with distance and loss between client and server.
#
# Redraw: gnuplot far.gp   (reads ../data/far.csv; theme.gp says what else can be set)
# Data:   model,variant,median_s   and its interval in columns with _low and _high; `valid` 0 is no point

chart = 'far'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

columns = 'model variant median_s'
panel_in = 'variant'
said_panel(p) = p
strong = 'median_s'; weak = ''
strong_words = ''; weak_words = ''
told(v) = seconds(v)
axis_words = time_axis
aside_in = ''; said_aside(v) = ''
question = far_question
note = far_note
load here . 'panels.gp'
