@echo off
rem Double click: makes .venv, installs what is needed, opens the app. See README.zh-CN.md.
chcp 65001 >nul
setlocal
cd /d "%~dp0"
set "PYTHON=py -3"
py -3 --version >nul 2>nul || set "PYTHON=python"
if not exist ".venv\Scripts\python.exe" (
  %PYTHON% -c "import sys; sys.exit(sys.version_info < (3, 11))" || goto nopython
  %PYTHON% -m venv .venv || goto failed
)
set "WHEELS="
if exist wheels set "WHEELS=--no-index --find-links wheels"
fc /b requirements.txt ".venv\installed.txt" >nul 2>nul
if errorlevel 1 (
  ".venv\Scripts\python.exe" -m pip --disable-pip-version-check install --quiet %WHEELS% -r requirements.txt || goto failed
  copy /y requirements.txt ".venv\installed.txt" >nul
)
".venv\Scripts\python.exe" -m streamlit run app.py
if errorlevel 1 goto failed
exit /b 0
:nopython
echo 需要 Python 3.11 或更新版本。Python 3.11 or newer is needed.
pause
exit /b 1
:failed
echo 启动失败，请看上面的信息。Start failed, see above.
pause
exit /b 1
