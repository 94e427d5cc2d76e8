# memory-limit.gp: how many in flight 128 MiB of memory hold.
#
# Redraw: gnuplot memory-limit.gp   (reads ../data/memory-limit.csv; theme.gp says what else can be set)
# Data:   model,variant,median_s   and its interval in columns with _low and _high; `valid` 0 is no point

chart = 'memory-limit'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

columns = 'model variant median_s'
panel_in = 'variant'
said_panel(p) = sprintf(memory_panel, p)
strong = 'median_s'; weak = ''
strong_words = ''; weak_words = ''
told(v) = seconds(v)
axis_words = time_axis
aside_in = ''; said_aside(v) = ''
question = memory_question
note = memory_note
load here . 'panels.gp'
