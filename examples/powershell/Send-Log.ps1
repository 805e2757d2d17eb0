<#
.SYNOPSIS
    Sends a log to Komfyrvakt. Windows PowerShell 5.1 and PowerShell 7.
.EXAMPLE
    $env:KOMFYRVAKT_API_KEY = 'kmf_…'
    .\Send-Log.ps1 -Message 'backup finished' -Group 'backup:nightly' -Data @{ files = 18230; seconds = 412.5 }
.EXAMPLE
    Get-WinEvent -LogName System -MaxEvents 20 |
        ForEach-Object { .\Send-Log.ps1 -Message $_.Message -Group "windows:$env:COMPUTERNAME:system" -Time $_.TimeCreated }
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Message,
    [ValidateSet('debug', 'info', 'warning', 'error', 'critical')] [string] $Level = 'info',
    [string] $Group,
    [string[]] $Tags = @(),
    [hashtable] $Data,
    [datetime] $Time = (Get-Date)
)
$ErrorActionPreference = 'Stop'

$url = if ($env:KOMFYRVAKT_URL) { $env:KOMFYRVAKT_URL } else { 'http://127.0.0.1:8080' }
if (-not $env:KOMFYRVAKT_API_KEY) { throw 'Set KOMFYRVAKT_API_KEY to a key that may ingest.' }

$log = @{
    message   = $Message
    level     = $Level
    tags      = $Tags
    source    = [Environment]::MachineName
    timestamp = $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.fffZ')
}
if ($Group) { $log.group = $Group }
if ($Data) { $log.data = $Data }

# As bytes: Windows PowerShell would send a text in the system's code page.
$body = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json $log -Depth 20 -Compress))
$headers = @{
    Authorization     = "Bearer $env:KOMFYRVAKT_API_KEY"
    # A name for this log: when it is sent again because the answer was lost, the hub stores nothing twice.
    'Idempotency-Key' = "powershell.$([guid]::NewGuid().ToString('N'))/1"
}

# The hub answers 503 while it cannot store: then the log is worth another try.
for ($try = 1; ; $try++) {
    try {
        $stored = Invoke-RestMethod -Method Post -Uri "$url/api/logs" -Headers $headers `
            -ContentType 'application/json' -Body $body -TimeoutSec 10
        return $stored.id
    } catch {
        $status = [int] $_.Exception.Response.StatusCode
        if ($try -ge 5 -or ($status -ne 0 -and $status -ne 429 -and $status -lt 500)) { throw }
        Start-Sleep -Seconds ([Math]::Pow(2, $try))
    }
}
