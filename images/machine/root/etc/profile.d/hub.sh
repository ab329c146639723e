# What greets whoever opens a terminal: docker.io is not what it is elsewhere.
case $- in *i*) head -n 1 /etc/docker/hub.txt ;; esac
