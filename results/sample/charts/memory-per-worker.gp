# memory-per-worker.gp: what one more worker takes, by model, in each kind of memory.
#
# Redraw: gnuplot memory-per-worker.gp   (reads ../data/memory-per-worker.csv; theme.gp says what else can be set)
# Data:   model,memory,kib_per_worker   and its interval in columns with _low and _high; memory is virtual, rss, pss,
#         page_tables or kernel; `valid` 0 is no point. What is 0 or less stands at the left edge.

chart = 'memory-per-worker'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

columns = 'model memory kib_per_worker'
panel_in = 'memory'
said_panel(p) = p eq 'virtual' ? worker_virtual : p eq 'rss' ? worker_rss : p eq 'pss' ? worker_pss \
    : p eq 'page_tables' ? worker_tables : p eq 'kernel' ? worker_kernel : p
strong = 'kib_per_worker'; weak = ''
strong_words = ''; weak_words = ''
told(v) = memory(v)
tick_list = '0.03125 1 32 1024 32768'; tick_words = '32_B 1_KiB 32_KiB 1_MiB 32_MiB'
axis_words = worker_axis
aside_in = ''; said_aside(v) = ''
question = worker_question
note = worker_note
load here . 'panels.gp'
