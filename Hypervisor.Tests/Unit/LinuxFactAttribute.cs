using System;
using System.Runtime.InteropServices;
using Xunit;

namespace Hypervisor.Tests.Unit;

/// <summary>A test that runs a program for Linux on x64 on this host; skipped elsewhere.</summary>
public class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
        {
            Skip = "The program is for Linux on x64.";
        }
    }
}
