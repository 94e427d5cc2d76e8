# scaling.gp: time against the processes that share the work, over the line of a gain that stays linear.
#
# Redraw: gnuplot scaling.gp   (reads ../data/scaling.csv; theme.gp says what else can be set)
# Data:   as time-by-count.gp has it, which draws this too; count is the number of processes, model_s the cost model
#         with the processor time of a fetch divided by it. A column `decided` may follow; 0: this machine has no two
#         processors to give, and nothing is said of where the gain ends.

chart = 'scaling'
folder = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { folder = ARG0[1:i] } }
load folder . 'time-by-count.gp'
