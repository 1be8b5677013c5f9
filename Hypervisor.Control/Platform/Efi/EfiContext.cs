using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Platform.Efi;

/// <summary>What the firmware gave the program.</summary>
internal static unsafe class EfiContext
{
    /// <summary>This image.</summary>
    public static void* Image;

    /// <summary>System table.</summary>
    public static EfiSystemTable* System;

    /// <summary>The Shell; null where the program was not started from one.</summary>
    public static EfiShell* Shell;

    /// <summary>The firmware as the loader sees it.</summary>
    public static Firmware Firmware => new(Image, System);
}
