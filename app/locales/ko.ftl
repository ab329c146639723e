# 화면의 말. en.ftl과 같은 열쇠를 가집니다(시험이 견줍니다).

site-name = 교실
language-name = 한국어
skip-to-text = 본문으로
skip-to-machine = 머신으로
progress = 진도
you = 사용자
classes = 수업
theme-dark = 어두운 화면으로
theme-light = 밝은 화면으로
sign-in = 로그인
sign-out = 로그아웃
offline = 교실과 연결이 끊겼습니다. 쓰던 것은 그대로 있으니 잠시 뒤 다시 해 보세요. 다시 이어지면 이 알림은 사라집니다.
page-unknown = 교실이 이 화면을 더는 알지 못합니다. 로그인이 끊겼다면 다시 로그인하세요. 머신과 기록은 그대로 있습니다.

# 코스
course-lead = 빌려 쓰는 컴퓨터에서 시작해, 컨테이너를 직접 만들고 올리고 잇는 데까지 갑니다.
course-without-account = 본문은 누구나 읽을 수 있습니다. 수업에 들어오면 내 리눅스 머신이 생기고 진도가 기록됩니다.
done-of = { $all }개 가운데 { $done }개 완료
done-items = 완료한 것
resume = 이어서 하기
continue = 계속
minutes = { $n }분

# 레슨
contents = 이 레슨의 차례
exercise-count = 연습 { $n }
question-count = 문제 { $n }
lesson-nav = 앞뒤 레슨
previous-lesson = 앞 레슨
next-lesson = 다음 레슨
copy = 복사
copied = 복사했습니다
run-in-terminal = 터미널에서 실행

# 연습
exercise-number = 연습 { $n }
exercise-signed-out = 수업에 들어오면 확인합니다
exercise-waiting = 머신을 기다리는 중
exercise-todo = 시작 전
exercise-not-yet = 아직 아닙니다
exercise-unchecked = 확인하지 못함
exercise-done = 완료
exercise-done-long = 완료했습니다.
exercise-waiting-long = 머신이 아직 준비되지 않아 확인하지 못했습니다. 머신이 켜지면 다시 확인해 보세요.
exercise-not-yet-long = 아직 맞지 않습니다. 할 일을 다시 읽고, 힌트를 펼쳐 보세요.
exercise-wrong-answer = 이 머신에서 구한 답과 다릅니다. 다시 찾아 보세요.
exercise-nothing-to-answer = 이 머신에서는 아직 답을 구할 수 없습니다. 앞의 연습을 먼저 마쳤는지 보세요.
exercise-timed-out = 확인이 10초 안에 끝나지 않아 멈추었습니다. 한 일은 그대로 있습니다. 다시 눌러 보고, 되풀이되면 선생님께 알려 주세요.
exercise-broken = 이 연습의 확인 과정에 문제가 있습니다. 여러분의 잘못이 아니며 한 일은 그대로 있습니다. 선생님께 알려 주세요.
exercise-answer = 답
check-now = 지금 확인
check-by-itself = 맞게 되면 저절로 완료됩니다.
hint = 힌트
hint-number = 힌트 { $n }

# 문제
question-number = 문제 { $n }
question-open = 아직 풀지 않음
question-right = 정답
question-wrong = 다시 풀어 보세요
question-right-long = 맞습니다.
question-wrong-long = 아직 아닙니다. 설명이 있으면 읽고 다시 내 보세요.
question-partly = { $all }개 가운데 { $hits }개가 맞습니다. 표시된 것을 다시 보세요.
question-more = 고른 것은 모두 맞습니다. 그런데 더 있습니다.
question-several = 여러 개를 고를 수 있습니다.
question-order = 각각 몇 번째인지 고르세요.
verdict-right = 맞음
verdict-wrong = 아님
give-answer = 답 내기
answer-again = 다시 내기
answer = 답
answer-in-unit = 답 ({ $unit })
choose = 고르기
answer-missing = 답을 적은 다음 눌러 주세요.
answer-incomplete = 빠진 곳이 있습니다. 모두 고르거나 적고, 순서는 서로 다르게 고르세요.
answer-too-long = 답이 너무 깁니다. 짧게 적어 주세요.
answer-not-a-number = 숫자로 적어 주세요.
session-lapsed-here = 로그인한 지 오래되어 끊겼습니다. 낸 답은 그대로 두었습니다. 다시 로그인한 뒤 내 주세요.
sign-in-to-record = 답을 기록하려면 로그인해야 합니다. 고른 답은 그대로 가져갑니다.

# 머신
my-machine = 내 머신
divider = 본문과 머신의 너비
drawer-open = 펼치기
drawer-close = 접기
machine-off = 꺼짐
machine-starting = 켜는 중
machine-ready = 켜짐
machine-stopped = 멈춤
machine-full = 자리 없음
machine-failed = 켜지 못함
starting-title = 머신을 준비하고 있습니다
starting-text = 보통 몇 초면 됩니다. 그동안 본문을 읽으셔도 좋습니다.
step-disk = 디스크 마련
step-network = 네트워크 연결
step-boot = 머신 켜기
step-engine = 도커 엔진 기다리기
stopped-title = 머신이 멈춰 있습니다
stopped-text = 파일과 컨테이너는 그대로 있습니다.
wake = 다시 켜기
start-again = 다시 켜 보기
no-space-title = 디스크에 자리가 없습니다
no-space-text = 교실의 디스크가 가득 차서 머신을 켜지 못했습니다. 지금까지의 기록은 그대로 있습니다. 선생님께 알리고, 잠시 뒤 다시 해 보세요.
host-full-title = 지금은 빈자리가 없습니다
host-full-text = 교실이 켤 수 있는 머신이 모두 쓰이고 있습니다. 누군가 마치면 자리가 납니다. 그동안 본문과 문제를 계속할 수 있습니다.
no-image-title = 머신의 이미지가 없습니다
no-image-text = 교실을 연 사람이 아직 머신을 만들어 두지 않았습니다. 선생님께 알려 주세요. 본문과 문제는 계속할 수 있습니다.
engine-silent-title = 도커 엔진이 대답하지 않습니다
engine-silent-text = 머신은 켜졌지만 도커 엔진이 제때 뜨지 않았습니다. 다시 켜 보고, 되풀이되면 선생님께 알려 주세요.
ended-title = 머신이 꺼졌습니다
ended-text = 머신이 뜻밖에 끝났습니다. 디스크는 그대로 있으니 다시 켜면 이어서 할 수 있습니다.
internal-title = 머신을 켜지 못했습니다
internal-text = 교실에 문제가 있습니다. 지금까지의 기록은 그대로 있습니다. 선생님께 알리고 다시 해 보세요.
unreachable-title = 머신을 켤 수 없습니다
unreachable-text = 머신을 돌리는 쪽이 대답하지 않습니다. 이어지면 저절로 다시 켜집니다. 본문과 문제는 계속할 수 있습니다.
invitation-title = 여기서 직접 해 볼 수 있습니다
invitation-text = 수업에 들어오면 도커가 깔린 리눅스 머신이 하나 생깁니다. 읽기만 하는 데는 필요 없습니다.
terminal-label = 내 머신의 터미널
terminal-lost = 연결이 끊겨 다시 잇고 있습니다…
terminal-ended = 셸이 끝났습니다. 아무 키나 누르면 새로 엽니다.
terminal-reader = 화면 낭독기
terminal-leave = 터미널에서 나가기:

# 들어오는 문
join-a-class = 수업 들어가기
join = 들어가기
join-lead = 선생님께 받은 코드를 적고, 이름과 비밀번호를 정하세요.
first-time = 처음인가요?
been-here = 들어온 적이 있나요?
forgotten-password = 비밀번호를 잊었다면 선생님께 말씀하세요.
field-name = 이름
field-password = 비밀번호
field-code = 수업 코드
field-title = 수업 이름
name-help = 선생님이 알아볼 이름으로 적어 주세요.
password-help = { $n }글자 이상
setup-title = 교실 열기
setup-lead = 이 교실의 첫 선생님이 되십니다. 이 링크는 한 번만 쓸 수 있습니다.
open-classroom = 교실 열기
setup-invalid-title = 쓸 수 없는 링크입니다.
setup-invalid-text = 이미 썼거나, 교실이 다시 켜지면서 새 링크가 나왔습니다. 이미 선생님이 되셨다면 로그인하세요. 아니면 서버의 화면에서 새 링크를 찾으세요.
trouble-in-field = 표시된 칸을 고쳐 주세요.
trouble-lapsed = 오래 쓰지 않아 로그인이 끊겼습니다. 다시 로그인하면 하던 곳으로 돌아갑니다.
trouble-wrong-password = 이름이나 비밀번호가 맞지 않습니다.
trouble-too-many = 여러 번 틀려서 잠시 멈추었습니다. { $n }분 뒤에 다시 해 보세요.
trouble-no-such-code = 이런 코드의 수업이 없습니다. 다시 확인해 주세요.
trouble-name-taken = 이미 쓰는 이름입니다. 전에 들어온 적이 있다면 로그인하세요. 아니면 반이나 번호를 붙여 다른 이름으로 적어 주세요.
trouble-name-empty = 이름을 적어 주세요. 보이지 않는 글자는 쓸 수 없습니다.
trouble-name-too-long = 이름은 { $n }글자까지 쓸 수 있습니다.
trouble-password-short = 너무 짧습니다. { $n }글자 이상이어야 합니다.
trouble-password-long = 비밀번호가 너무 깁니다.
trouble-title-empty = 수업의 이름을 적어 주세요.
trouble-title-too-long = 수업의 이름은 { $n }글자까지 쓸 수 있습니다.

# 수업
classes-empty = 아직 수업이 없습니다. 하나 만들면 학생들에게 알려 줄 코드가 나옵니다.
new-class = 새 수업
create = 만들기
student-count = 학생 { $n }명
join-instruction = 학생은 이 코드로 들어옵니다.
join-link = 코드가 적힌 링크
class-empty-title = 아직 들어온 학생이 없습니다
class-empty-text = 위의 코드를 칠판에 적어 주세요. 학생이 들어오면 여기에 표가 생깁니다.
legend = 표시
grid = 학생별 진도
cell-done = 완료
cell-tried = 해 봄
cell-untouched = 아직
last-seen = 마지막
students-done = 완료한 학생
just-now = 방금
minutes-ago = { $n }분 전
hours-ago = { $n }시간 전
days-ago = { $n }일 전

# 잘못되었을 때
to-course = 코스로 가기
not-found-title = 이 주소에는 아무것도 없습니다
not-found-text = 레슨의 이름이 바뀌었거나 주소를 잘못 적었을 수 있습니다.
forbidden-title = 들어갈 수 없는 곳입니다
forbidden-text = 선생님만 볼 수 있는 화면입니다. 선생님이라면 선생님 이름으로 로그인하세요.
bad-request-title = 알아들을 수 없는 요청입니다
bad-request-text = 앞 화면으로 돌아가 새로 고친 다음 다시 해 보세요. 기록된 것은 그대로 있습니다.
ours-title = 교실에 문제가 생겼습니다
ours-text = 여러분의 잘못이 아닙니다. 이미 기록된 것은 그대로 있습니다. 잠시 뒤 다시 해 보고, 되풀이되면 선생님께 알려 주세요.
