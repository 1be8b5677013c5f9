using System.IO;

namespace Hypervisor.Tool.Setup;

/// <summary>The UEFI firmware the machines run: OVMF as Debian builds it, without secure boot.</summary>
public static class Firmware
{
    private const string Folder = "/usr/share/OVMF";

    /// <summary>The code, mapped read-only.</summary>
    public static string Code { get; } = Path.Combine(Folder, "OVMF_CODE_4M.fd");

    /// <summary>The template of the variable store; each machine gets a copy of its own.</summary>
    public static string Variables { get; } = Path.Combine(Folder, "OVMF_VARS_4M.fd");

    /// <summary>Code and variables in one image of 2 MiB, as read-only memory for Bochs, which has no flash: variables last until power-off.</summary>
    public static string BochsImage { get; } = "/usr/share/ovmf/OVMF.fd";

    /// <summary>The video BIOS that Bochs wants; the firmware does not use it.</summary>
    public static string BochsVideo { get; } = "/usr/share/vgabios/vgabios.bin";
}
