#!/usr/bin/env bats
# Every interleaving of small runs, by the steps of common/run.c (tests/model/run_model.c).
# bats file_tags=plain

setup() {
    load lib
    MODEL=$BUILD/tests/run_model
}

@test "in no interleaving is a URL taken twice or forgotten, and every run ends" {
    # docs/faults.md lists these. Whatever may happen in one need not.
    for case in '--lanes=2 --urls=2 --deaths=2 --freeze' '--lanes=2 --urls=3 --deaths=1 --freeze' \
        '--lanes=2 --urls=4 --deaths=1 --freeze' '--lanes=2 --urls=4 --deaths=1 --freeze --static' \
        '--lanes=3 --urls=2 --deaths=1 --freeze' '--lanes=3 --urls=3 --deaths=1 --freeze --no-stop' \
        '--lanes=3 --urls=4 --deaths=0 --freeze'; do
        read -ra options <<<"$case"
        run "$MODEL" "${options[@]}"
        echo "$case: $output"
        [ "$status" -eq 0 ]
        # So many that it did not merely start.
        [ "${output%% *}" -gt 5000 ]
    done
}

@test "each mistake that could be made there is found, with its history" {
    mistakes=$("$MODEL" --list | cut -d' ' -f1)
    [ "$(wc -w <<<"$mistakes")" -ge 10 ]
    for mistake in $mistakes; do
        found=no
        # The smallest first: what has no such history is looked through to the end.
        for case in '--lanes=2 --urls=2 --deaths=0 --freeze' '--lanes=2 --urls=1' '--lanes=3 --urls=1 --no-stop'; do
            read -ra options <<<"$case"
            run "$MODEL" "${options[@]}" --mutate="$mistake"
            [ "$status" -le 1 ]
            [ "$status" -eq 0 ] || { found=yes && break; }
        done
        echo "$mistake: ${lines[-1]}"
        [ $found = yes ]
        [[ ${lines[-1]} == 'broken: '* ]]
        [[ $output == *'  lane '*'run_ready: '* ]]
    done
}

@test "what the model checker does not understand is refused" {
    for wrong in --lanes=4 --urls=0 --deaths=x --mutate=else --else more; do
        run "$MODEL" "$wrong"
        [ "$status" -eq 2 ]
    done
}
