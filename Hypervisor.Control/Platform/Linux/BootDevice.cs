using System;
using Hypervisor.Control.Boot;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>The device that the machine was started from, as the firmware's own boot entry names it (UEFI 2.10 §3.3, BootCurrent).</summary>
internal static class BootDevice
{
    /// <summary>Writes the nodes that name it.</summary>
    /// <returns>How it went; what went wrong has been said.</returns>
    public static ExitStatus Append(Span<byte> path, ref int length)
    {
        Span<byte> current = stackalloc byte[sizeof(ushort)];
        Span<byte> name = stackalloc byte[LoadOption.NameCapacity];
        Span<byte> option = stackalloc byte[LoadOption.Capacity];
        if (LinuxVariables.Read("BootCurrent"u8, EfiGuid.GlobalVariable, current, out int size) != VariableOutcome.Done || size != sizeof(ushort)
            || LinuxVariables.Read(LoadOption.Name("Boot"u8, (ushort)(current[0] | (current[1] << 8)), name), EfiGuid.GlobalVariable, option, out size)
                != VariableOutcome.Done
            || !LoadOption.TryRead(option.Slice(0, size), out LoadOption read))
        {
            return Complaint<LinuxPlatform>.Say("the firmware does not say which boot entry the machine was started by"u8);
        }

        ReadOnlySpan<byte> from = read.Path;
        int offset = 0;
        for (int node = DevicePath.NodeLength(from, 0); node != 0 && from[offset] != EfiDevicePath.End; node = DevicePath.NodeLength(from, offset))
        {
            if (DevicePath.Is(from, offset, EfiDevicePath.Media, EfiDevicePath.FirmwareFile)
                || DevicePath.Is(from, offset, EfiDevicePath.Media, EfiDevicePath.FirmwareVolume))
            {
                return Complaint<LinuxPlatform>.Say("the machine was started from the firmware itself, not from a disk"u8);
            }

            if (DevicePath.Is(from, offset, EfiDevicePath.Media, EfiDevicePath.FilePath))
            {
                break;
            }

            offset += node;
        }

        from.Slice(0, offset).CopyTo(path.Slice(length));
        length += offset;
        return ExitStatus.Success;
    }
}
