# SPDX-License-Identifier: MIT
# fish completion for dill: the program knows what may follow.

function __dill_complete
    set -l words (commandline -opc)
    $words[1] --complete $words[2..-1] (commandline -ct | string collect --allow-empty) 2>/dev/null
end

complete -c dill -f -a '(__dill_complete)'
