# Interactive shells only.
case $- in *i*) ;; *) return ;; esac

HISTCONTROL=ignoreboth
HISTSIZE=5000
HISTFILESIZE=10000
shopt -s histappend checkwinsize

if [ $EUID = 0 ]; then
    PS1='\[\e[1;31m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]# '
else
    PS1='\[\e[1;32m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
fi

alias ls='ls --color=auto' ll='ls -l' la='ls -la' grep='grep --color=auto'

# Completion takes as long to read as all else together, so it is read at the first Tab; from then on
# its own function does what this one does at its end: it finds a command's completions.
_read_completion() {
    . /usr/share/bash-completion/bash_completion
    _comp_complete_load "$@"
}
complete -D -F _read_completion
