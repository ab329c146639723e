# The words of the interface. Has the same keys as ko.ftl (a test holds them against each other).

site-name = Gyosil
language-name = English
skip-to-text = Skip to the text
skip-to-machine = Skip to the machine
progress = Progress
you = You
classes = Classes
theme-dark = Dark theme
theme-light = Light theme
sign-in = Sign in
sign-out = Sign out
offline = The classroom is out of reach. What you entered is still here: try again in a moment. This note goes away once the classroom is back.
page-unknown = The classroom does not know this page any more. If you were signed out, sign in again. Your machine and your record are as they were.

# The course
course-lead = From borrowed computers to building, shipping and connecting containers of your own.
course-without-account = Anyone may read the lessons. Join a class and you get a Linux machine of your own, and your progress is kept.
glossary = Glossary
glossary-lead = The lessons' terms, in Korean and in English.
done-of = { $done } of { $all } done
done-items = Done
resume = Pick up where you left off
continue = Continue
minutes = { $n } min

# My learning
me = My learning
me-next-lesson = Next lesson
me-all-done = You have finished the course. What is due for review will appear here.
me-units = Progress by unit
me-whole-course = The whole course
me-mastery = Mastery by concept
me-mastery-lead = Computed from your first answers to questions and from exercises. The narrower the band, the surer it is. Not a grade: use it to decide what to look at again.
begin = Begin
concept = Concept
mastery = Mastery
mastery-level = Now
mastery-said = { $mean }%, between { $low }% and { $high }%. Based on { $items ->
    [one] 1 item
   *[other] { $items } items
}.
mastery-unknown = Nothing to go by yet.
mastery-none = Nothing yet
mastery-unsure = Not sure yet
mastery-beginning = Beginning
mastery-getting-there = Getting there
mastery-mastered = Mastered

# Review
review = Review
review-today = Today’s review
review-facts = { $n ->
    [one] 1 item
   *[other] { $n } items
}, about { $minutes } min
review-lead = Chosen because you are about to forget it. Never more than 15 minutes a day.
review-empty = Nothing to review today. Questions you got right and exercises you have done come back here when they are about to fade.
review-left = Left for today: { $n ->
    [one] 1 item
   *[other] { $n } items
}, about { $minutes } min
review-done = That is all for today.
review-on = To my learning
review-begin = Do it again
review-begin-note = Values such as names and numbers are new.
review-begun = Begun
review-to-exercise = Go to the exercise

# Lesson
contents = On this page
exercise-count = { $n ->
    [one] 1 exercise
   *[other] { $n } exercises
}
question-count = { $n ->
    [one] 1 question
   *[other] { $n } questions
}
lesson-nav = Lessons before and after
previous-lesson = Previous lesson
next-lesson = Next lesson
lesson-changed = This lesson was changed by its author. Your work and your answers are kept.
lesson-show-changed = Show it as it is now
copy = Copy
copied = Copied
run-in-terminal = Run in terminal

# The author
author = Authoring
author-view = Author's view
author-title = The course as it is being written
author-lead = This page changes by itself whenever you save a file.
author-clean = Nothing to mend: this is what students see.
author-problems = { $n ->
    [one] There is 1 thing to mend. Until it is, students see the last course that was whole.
   *[other] There are { $n } things to mend. Until they are, students see the last course that was whole.
}
author-elsewhere = { $n ->
    [one] 1 of them is in another file.
   *[other] { $n } of them are in other files.
}
author-overview = The whole course
author-both = Both languages
author-one = One language
author-student = As students see it
author-not-there = There is no text to show yet.
author-item-missing = { $id }: cannot be shown before it is mended.
author-holes = Rows that no lesson covers yet
author-lesson-clean = Nothing to mend
author-lesson-problems = { $n } to mend
author-saved = saved { $ago }
author-try = Try it
author-prepare = Prepare
author-check = Check
author-answer = Compute the answer
author-solution = Solution
author-wrong = Wrong: { $id }
author-scripts = Scripts
author-vars = Values on this page
author-needs = To be done first
outcome-as-meant = as meant
outcome-not-meant = not as meant
outcome-plain = done
outcome-no-machine = The machine is not ready, so nothing was run. Look at its state, and try again.
outcome-exit = The script ended with code { $code }.
outcome-timed-out = It did not end in time and was stopped.
outcome-pass = Check: passed
outcome-fail = Check: not passed ({ $id })
outcome-fail-silent = Check: not passed, and it did not say why.
outcome-answer = The answer: { $answer }
outcome-broken = The check's script is at fault: { $why }
outcome-student-reads = The student reads:
outcome-took = { $ms } ms

# Exercises
exercise-number = Exercise { $n }
exercise-signed-out = Checked once you join a class
exercise-waiting = Waiting for your machine
exercise-todo = To do
exercise-needs = Not open yet
exercise-needs-long = This exercise goes on with what you made in an earlier one. Finish this first:
exercise-not-yet = Not yet
exercise-unchecked = Could not check
exercise-done = Done
exercise-done-long = Done.
exercise-waiting-long = Your machine is not ready, so nothing could be checked. Check again once it is on.
exercise-not-yet-long = Not there yet. Read the task again, and unfold a hint.
exercise-wrong-answer = That is not what this machine says. Have another look.
exercise-nothing-to-answer = There is no answer to find on this machine yet. Did you finish the exercise before?
exercise-timed-out = The check did not finish within 10 seconds and was stopped. What you did is still there. Press again, and tell your instructor if it goes on.
exercise-broken = The check of this exercise is at fault, not you. What you did is still there. Please tell your instructor.
exercise-answer = Answer
check-now = Check now
check-by-itself = It ticks by itself when the machine is right.
hint = Hint
hint-number = Hint { $n }

# Questions
question-number = Question { $n }
question-open = Not answered
question-right = Right
question-wrong = Try again
question-right-long = That is right.
question-wrong-long = Not yet. If there is a note, read it, and answer again.
question-partly = { $hits } of { $all } are right. Look at the marked ones again.
question-more = All that you chose is right, but there is more.
question-several = More than one may be right.
question-order = Choose which place each one has.
verdict-right = Right
verdict-wrong = Not this
give-answer = Answer
answer-again = Answer again
answer = Answer
answer-in-unit = Answer ({ $unit })
choose = Choose
answer-missing = Enter an answer first.
answer-incomplete = Something is missing. Fill in or choose everything, and give each its own place.
answer-too-long = That answer is too long. Please keep it short.
answer-not-a-number = Please enter a number.
question-given = You had already answered this in another window. What you see here is that answer and its result; the one you just gave was not recorded.
question-changed = This question was changed while you were at it. Here it is as it is now: please answer again. Your answer to the old one was not graded.
session-lapsed-here = You were signed out after a long time. Your answer is still here. Sign in again, then answer.
sign-in-to-record = Sign in to have your answer recorded. What you chose comes along.

# Unit quizzes, and where to begin
quiz-of = Quiz: { $unit }
quiz-link = Take this unit’s quiz
quiz-lead = { $n } questions drawn from this unit. Answer them all and hand them in together: then you see the result and the explanations.
quiz-unanswered = { $n ->
    [one] 1 question has no answer. Answer it, or press once more to hand this in as it is. A question without an answer counts as wrong.
   *[other] { $n } questions have no answer. Answer them, or press once more to hand this in as it is. A question without an answer counts as wrong.
}
quiz-changed = Questions were changed while you were at it. Please answer those again; your other answers are still here.
quiz-question-gone = The course does not have this question any more.
quiz-total = { $right } of { $all } right. Your score is { $percent } out of 100.
quiz-again = Again, with other questions
hand-in = Hand in
hand-in-anyway = Hand in as it is
result-of = { $title } (result)
result-partly = Partly right
result-wrong = Wrong
result-blank = You gave no answer.
result-changed = This question was changed after you answered, so that answer is not shown.
result-lesson = Look it up in “{ $title }”
placement = Where to begin?
placement-link = Know some of this already? Find out where to begin
placement-lead = { $n } questions from the whole course. Leave out what you do not know. Hand them in together, and you learn which units you can skim and where to begin.
placement-begin = Begin here
placement-all = You know all units well already. Pick what you need.
placement-units = Unit by unit
placement-skim = You can skim it
placement-read = Worth reading with care
move-up = Move “{ $name }” up
move-down = Move “{ $name }” down

# The machine
my-machine = My machine
divider = Width of text and machine
drawer-open = Open
drawer-close = Close
machine-off = Off
machine-queued = Waiting for a place
machine-starting = Starting
machine-ready = On
machine-frozen = Asleep
machine-stopped = Stopped
machine-failed = Could not start
queued-title = Waiting for a free place
queue-place = { $n ->
    [one] You are next
   *[other] You are number { $n } in the queue
}
wait-minutes = probably about { $n ->
    [one] a minute
   *[other] { $n } minutes
}
wait-hours = probably about { $n } hours
wait-days = probably about { $n } days
wait-unknown = how long it takes cannot be told yet
queued-text = All machines that this classroom can run are in use. Yours starts by itself when its turn comes. You can go on with the text and the questions meanwhile. Keep this page open to keep your place.
queued-without-script = JavaScript is off, so this page does not change by itself. Reload it at least once a minute to keep your place.
queue-leave = Leave the queue
starting-title = Getting your machine ready
starting-text = This takes a few seconds. You can go on reading meanwhile.
step-disk = Disk
step-network = Network
step-boot = Machine
step-engine = Docker Engine
frozen-title = Your machine is asleep
frozen-text = It was not used for a while, so your programs stand still where they were. Everything is kept. Press any key in the terminal, or this button, and they go on.
wake = Wake it
stopped-title = Your machine is stopped
stopped-idle-title = Your machine was stopped while nobody used it
stopped-lifetime-title = Your machine was stopped after running for long
stopped-host-title = Your machine was stopped when the classroom closed
stopped-text = Your files, images and containers are kept. Programs that were running have ended.
turn-on = Turn it on
limit-idle-freeze = Falls asleep unless it is used
limit-idle-stop = Stops unless you wake it
limit-lifetime = Stops after running for long
limit-keep = Files and containers are deleted unless you turn it on before
in-minutes = in { $n ->
    [one] 1 minute
   *[other] { $n } minutes
}
in-hours = in { $n } hours
in-days = in { $n } days
soon-idle-freeze = Your machine is about to fall asleep
soon-stop = Your machine is about to stop
extend = Keep it on
low-used = { $n }% used
low-memory = Memory is almost used up
low-memory-advice = When it is, programs end suddenly. See what takes the most, and end containers and programs that you do not need:
low-disk = The disk is almost full
low-disk-advice = When it is, no image can be pulled and no file written. See what takes the room, and remove containers, images and volumes that you do not use:
menu = Menu
stop = Stop
stop-text = Ends all programs. Files, images and containers are kept, and you can go on when you turn it on again.
reset = Start afresh…
reset-text = Deletes everything and gives you a new machine. You are asked once more first.
reset-title = Give this machine up for a fresh one?
reset-loses = All files, images, containers and volumes on this machine are deleted, and running programs end. They cannot be brought back.
reset-keeps = Your progress, ticks and answers are kept by the classroom and stay as they are. What exercises need is set up anew.
reset-now = Delete everything and start afresh
cancel = Cancel
absent-title = Your machine is off
absent-text = Turn it on to get a machine for this lesson. Your progress and answers are as they were.
start-again = Try again
no-space-title = No space left on disk
no-space-text = The classroom’s disk is full, so your machine could not start. Nothing you did is lost. Tell your instructor, and try again in a while.
no-image-title = There is no machine image
no-image-text = Whoever runs this classroom has not built the machines yet. Please tell your instructor. You can go on with the text and the questions.
engine-silent-title = The Docker Engine does not answer
engine-silent-text = Your machine is on, but its Docker Engine did not come up in time. Try again. If it goes on, start afresh from the menu, or tell your instructor.
ended-title = Your machine went off
ended-text = It ended unexpectedly. Its disk is still there: start it again and go on.
internal-title = Your machine could not start
internal-text = Something is wrong with the classroom. Nothing you did is lost. Tell your instructor, and try again.
unreachable-title = Machines cannot be started
unreachable-text = What runs the machines does not answer. It shows here once it is back. You can go on with the text and the questions.
invitation-title = Do it yourself, right here
invitation-text = Join a class and you get a Linux machine of your own with Docker on it. Reading needs no account.
terminal-label = Terminal of my machine
terminal-lost = Connection lost, connecting again…
terminal-ended = The shell has ended. Press any key for a new one.
terminal-reader = Screen reader
terminal-leave = Leave the terminal:

# The ways in
join-a-class = Join a class
join = Join
join-lead = Enter the code from your instructor, and choose a name and a password.
first-time = New here?
been-here = Been here before?
forgotten-password = If you forgot your password, ask your instructor.
field-name = Name
field-password = Password
field-code = Class code
field-file = Roster file (CSV)
field-title = Class name
name-help = A name by which your instructor knows you.
password-help = At least { $n } characters
setup-title = Open the classroom
setup-lead = You are about to become this classroom’s first instructor. This link works once.
open-classroom = Open the classroom
setup-invalid-title = This link is not valid.
setup-invalid-text = It was used already, or the classroom was restarted and printed a new one. If you are the instructor, sign in; otherwise look for the new link on the server’s screen.
trouble-in-field = Please mend the marked field.
trouble-lapsed = You were signed out after a long time. Sign in again and you are back where you were.
trouble-wrong-password = Name or password is wrong.
trouble-too-many = Too many wrong tries. Try again in { $n ->
    [one] 1 minute
   *[other] { $n } minutes
}.
trouble-no-such-code = No class has this code. Please check it again.
trouble-name-taken = This name is taken. If it is yours, sign in; otherwise add something to tell you apart.
trouble-name-empty = Please enter a name. Invisible characters do not count.
trouble-name-too-long = A name has at most { $n } characters.
trouble-password-short = Too short. It needs at least { $n } characters.
trouble-password-long = This password is too long.
trouble-title-empty = Please name the class.
trouble-title-too-long = A class name has at most { $n } characters.
trouble-name-taken-elsewhere = Somebody in this classroom has this name. If it is the same person, give them the class code; otherwise add something to tell them apart.
trouble-name-twice = The file has this name twice. Add something to tell them apart.
trouble-file-missing = Please choose a file.
trouble-file-not-text = This file cannot be read as a table. In Excel, use “Save As” and choose CSV.
trouble-file-empty = The file has no names.
trouble-file-too-long = At most { $n } students at a time. Please split the file.

# Roster and instructors
last-seen = Last seen
roster = Roster
roster-empty = No students yet.
joined = Joined
given-title = New password
given-text = It is shown only once. Write it down or print it now, and hand it over.
reset-password = New password
reset-password-of = { $name }: make a new password
remove-from-class = Remove
remove-from-class-of = { $name }: remove from the class
roster-help = A new password signs the student out in all browsers. The record of a student who is removed stays.
code-stands = This code can be used until you change it.
code-closed = Nobody can join with this code now.
code-until = This code can be used until { $when }.
code-renew = Change to a new code
code-close = Close
code-never = Keep open
code-today = Until tonight
code-week = For a week
import = Add many from a file
import-help = One student a line: the name first, then a password. Where there is none, one is made. A CSV file as Excel saves it will do.
import-act = Add students
import-done = { $n ->
    [one] One student was added.
   *[other] { $n } students were added.
}
import-there = { $n ->
    [one] One was in the class already and stays as they are.
   *[other] { $n } were in the class already and stay as they are.
}
import-passwords = The passwords that were made are shown only once. Print them or write them down now, and hand them over.
import-refused = Nobody was added.
import-refused-text = Please mend these lines and choose the file again.
import-line = Line
import-trouble = What to mend
teachers = Teachers of this class
add-teacher = Add
add-teacher-help = The name of an instructor who has an account already.
instructors = Instructors
instructors-lead = Those who make classes and teach here. Admins see all classes and add instructors.
new-instructor = New instructor
is-admin = Admin
make-admin = Make admin
make-admin-of = { $name }: make admin
trouble-no-such-instructor = No instructor has this name.

# One's own account
account = My account
account-done-password = Your password is changed. You are signed out in all other browsers.
account-done-sign-out = Signed out.
account-done-join = You have joined the class.
change-password = Change password
change-password-help = This signs you out in all other browsers.
field-old-password = Current password
field-new-password = New password
field-own-password = Current password
field-own-name = Your name
sign-ins = Signed-in browsers
sign-ins-help = If there is one that you did not use, sign it out and change your password.
sign-in-browser = Browser
sign-in-address = Address
sign-in-this = This browser
agent-on = { $browser }, { $system }
agent-unknown = Unknown
sign-out-this = Sign out: { $browser }
sign-out-everywhere = Sign out in all browsers
join-another = Join another class
my-data = My record
my-data-help = A JSON file of your account, your classes and all answers that you gave.
export-my-data = Download my record
delete-account = Delete account
delete-account-help = Your name, answers, progress, and your machine with all its files are deleted. This cannot be undone. To go on, enter your name and your password.
delete-account-now = Delete account and all records
trouble-not-your-password = The current password is not right.
trouble-not-your-name = This is not your name.
trouble-teaches-alone = You are the only teacher of a class. First add another teacher to it.
trouble-last-admin = A classroom needs an admin. First make another instructor an admin.

# The hub
hub = Class hub
hub-lead = In a machine, docker.io is this class's own hub. docker pull, search, login and push are used as with Docker Hub, and everybody in the class can pull what you push.
hub-images = Images
hub-away = The hub does not answer at the moment. Open this page again in a while.
hub-empty = There are no images yet.
hub-share = Your images take { $used } of your { $quota }.
hub-image = Image
hub-tag = Tag
hub-tags = Tags
hub-size = Size
hub-pushed = Pushed
hub-by = By
hub-by-classroom = The classroom
hub-digest = Digest
hub-pull = How to pull it
hub-runs = It runs
hub-ports = Its ports
hub-architecture = Processors
hub-layers = Layers of { $tag }
hub-layers-help = The last line is the lowest layer. Images that have a layer in common share it.
hub-remove = Remove
hub-remove-this = Remove { $image }
hub-login = Log in to the hub
hub-login-help = Pulling needs no login. To push, run docker login in your machine with the name below, and paste a token where it asks for the password. Your classroom password is not used.
hub-name = Your name on the hub
hub-name-unchosen = You choose your name on the hub when you make your first token.
hub-name-fixed = You push images as { $name }/image. This name cannot be changed.
hub-name-help = 2 to 30 small English letters and digits, with dots, underscores or hyphens between them. It cannot be changed later.
field-hub-name = Your name on the hub
hub-new-token = Make a new token
hub-tokens = Your tokens
hub-token-made = Made
hub-revoke = Revoke
hub-revoke-this = Revoke the token made { $when }
hub-given-title = Your new token
hub-given-text = It is shown only this once. Copy it, and log in from your machine:
trouble-hub-name-bad = The hub cannot take this name. Please use small English letters and digits.
trouble-hub-name-taken = Somebody has this name. Please choose another one.
trouble-hub-tokens-full = You can have { $n } tokens. Revoke one that you do not use first.

# Classes
classes-empty = No classes yet. Create one, and you get a code to give to your students.
new-class = New class
create = Create
student-count = { $n ->
    [one] 1 student
   *[other] { $n } students
}
join-instruction = Students join with this code.
join-link = Link with the code
class-empty-title = No students have joined yet
class-empty-text = Write the code above on the board. When a student joins, a table appears here.
legend = Signs
grid = Progress of each student
cell-done = Done
cell-untouched = Not yet
class-now = Now
class-mastery = Mastery
class-questions = Item analysis
class-nav = Pages of this class
class-changed = The course has changed, and the table has other columns now.
sort = Order
sort-help = Who needs help first
sort-name = Name
last-command = Last command
lesson-spent = usually { $n } min
lesson-due = due { $at }
cell-trying = At it
cell-stuck = Stuck
cell-idle = Paused
questions = Questions
lesson = Lesson
question = Question
exercise = Exercise
export-number = Number
export-student = Student
export-kind = Kind
export-place = Where
export-right = Right
export-seconds = Time spent (s)
export-answer = Answer
export-yes = yes
export-no = no
export-quiz = Unit quiz
export-placement = Placement quiz
export-review = Review
export-csv = Download the record (CSV)
export-xapi = Download the record (xAPI)
attempt-item = Item
attempt-score = Score
attempt-hints = Hints
attempt-when = When
student-at = Last exercise in hand:
student-lessons = Progress by lesson
student-tried = Attempts
student-attempts = Latest attempts
student-no-attempts = Nothing was attempted yet.
figures-lead = Only each student’s first answer counts. Facility is the mean score; discrimination says, from -1 to 1, whether those who do well elsewhere also do well here.
figures-empty = No question was answered yet.
figures-question = Question
figures-answers = Answers
figures-facility = Facility
figures-discrimination = Discrimination
figures-choices = Choices
figures-here = Facility in your classes: { $classes }
figures-few = Too few answers to rely on
figures-unknown = not known
figures-count = { $n ->
    [one] 1 student
   *[other] { $n } students
}
heatmap-lead = How well each student masters each concept, from first answers and exercises.
heatmap-mean = Class mean
class-assignments = Assignments
assignments-empty = Nothing has been assigned yet.
assignment-due = Due
assignment-change = Change
assignment-new = New assignment
assignment-withdraw = Withdraw
assignment-withdraw-it = Withdraw the assignment: { $title }
assignment-zone = In the time of { $zone }. For a lesson that was assigned already, only the time changes.
assignment-give = Assign
trouble-due = Enter a date and a time.
due-is-over = overdue
due-list = Assignments
due-in-minutes = { $n } min left
due-in-hours = { $n } h left
due-in-days = { $n ->
    [one] 1 day
   *[other] { $n } days
} left
date-format = %b %-d, %H:%M
announcements = Announcements
announced-by = { $name } says
announcement-heard = Got it
announce = Tell the class
announcement = What to say
announcement-help = Shown on open lesson pages at once, and for a day.
announce-now = Say it
students-done = Students who did it
just-now = just now
minutes-ago = { $n } min ago
hours-ago = { $n } h ago
days-ago = { $n ->
    [one] 1 day ago
   *[other] { $n } days ago
}

# When something is wrong
to-course = To the course
not-found-title = There is nothing at this address
not-found-text = The lesson may have been renamed, or the address mistyped.
forbidden-title = This page is not for you
forbidden-text = Only instructors can see it. If you are one, sign in under that name.
bad-request-title = That request makes no sense to us
bad-request-text = Go back, reload the page and try again. What was recorded is still there.
ours-title = Something is wrong with the classroom
ours-text = It is not your fault, and what was recorded is still there. Try again in a moment, and tell your instructor if it goes on.

# gyosil doctor
doctor-ok = ok
doctor-warn = warning
doctor-fail = fault
doctor-there = there
doctor-absent = not there
doctor-missing = not there: { $what }
doctor-unlimited = no limit
doctor-root = run as root
doctor-kernel = Linux
doctor-kernel-mend = install a kernel 5.19 or newer; on Ubuntu 22.04: apt-get install linux-generic-hwe-22.04
doctor-processor = processor
doctor-processor-mend = machines run on x86-64 only, so far
doctor-groups = control groups
doctor-groups-mend = start the host with these controllers on: kernel parameters cgroup_enable=memory, systemd.unified_cgroup_hierarchy=1
doctor-swap = swap
doctor-swap-none = none
doctor-swap-limited = limited for each machine
doctor-swap-unlimited = cannot be limited: a machine may fill it
doctor-swap-mend = swapoff -a, or the kernel parameter swapaccount=1
doctor-user-namespaces = user namespaces
doctor-seccomp = seccomp
doctor-file-systems = file systems
doctor-loop = loop devices
doctor-programs = programs
doctor-runc = runc
doctor-runc-mend = this version lets containers out (CVE-2024-21626): apt-get update && apt-get install runc
doctor-account = account
doctor-disk = disk
doctor-disk-free = { $gib } GiB free
doctor-disk-mend = make room under the data folder, or name another: --data
doctor-disk-unfit = put the data folder on a disk of ext4, XFS or Btrfs: --data
doctor-memory = memory
doctor-memory-found = { $gib } GiB: about { $machines } machines in use at once
doctor-memory-mend = 4 GiB is the least for a small class; each machine in use takes about half a GiB
doctor-processors = processors
doctor-image = machine image
doctor-image-unfinished = its build was cut short
doctor-machined = machined
doctor-machined-mend = build or install gyosil-machined beside gyosil: cargo build --release
doctor-machined-runs = { $version }, { $running } machines run
doctor-machined-idle = { $path }; starts with the classroom
doctor-port = port
doctor-port-free = { $address } is free
doctor-port-ours = { $address } is this classroom's
doctor-port-taken = { $address } is somebody else's
doctor-port-mend = choose another: gyosil serve --listen ADDRESS:PORT
doctor-inotify-instances = inotify instances
doctor-inotify-watches = inotify watches
doctor-pids = process numbers
doctor-threads = threads
doctor-files = open files
doctor-neighbours = network neighbours

# gyosil doctor --prove
proof-begins = Two machines start in a classroom of their own, and one tries to get out.
proof-ends = { $checks } checks, { $failed } failed
proof-held = held
proof-broken = BROKEN
proof-untried = not tried
proof-from-host = from the host
proof-from-root = as a machine's root
proof-from-privileged = from a privileged container
proof-without-wall = without a wall
proof-ids = user ids are neither the host's nor a neighbour's
proof-owners = on the host, every process is unprivileged
proof-files = files of host, database and neighbour cannot be read
proof-processes = processes of host and neighbour cannot be seen or signalled
proof-knobs = the kernel's knobs cannot be turned
proof-devices = disks and devices of the host cannot be used
proof-groups = limits cannot be raised
proof-calls = system calls that reach the host do not exist
proof-descriptors = no open file leads to the host
proof-sockets = no socket of the host answers
proof-network = host, neighbours and private networks cannot be reached
proof-floods = floods stay inside, and the neighbour can type
proof-scripts = check scripts are nowhere to be found
proof-callers = machined answers its account alone
proof-leavings = after deletion nothing remains
proof-negative = the check notices when its wall is gone
