using System;
using Hypervisor.Control.Boot;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Configuration;

namespace Hypervisor.Control.Commands;

/// <summary>
/// <c>hvctl install</c>: a Driver#### entry for the image, named in DriverOrder (UEFI 2.10 §3.1.1 to §3.1.3). An entry that is there already is changed, whatever
/// else there is stays.
/// </summary>
internal static class InstallCommand<TPlatform>
    where TPlatform : struct, IPlatform
{
    /// <summary>Runs it.</summary>
    public static ExitStatus Run()
    {
        Span<byte> path = stackalloc byte[DevicePath.Capacity];
        Arguments.TryTakeOption("--options"u8, out ReadOnlySpan<byte> options);
        ExitStatus status = Arguments.TryTakeOption("--device-path-hex"u8, out ReadOnlySpan<byte> digits)
            ? ReadPath(digits, path, out int length)
            : TPlatform.FindImage(path, out length);
        if (status != ExitStatus.Success || !ControlProgram<TPlatform>.IsDone(out status))
        {
            return status;
        }

        Span<byte> option = stackalloc byte[LoadOption.Capacity];
        int size = LoadOption.Write(DriverEntry<TPlatform>.Description, path.Slice(0, length), options, option);
        return size == 0 ? Complaint<TPlatform>.Say("path and options are too long together"u8) : Write(option.Slice(0, size));
    }

    private static ExitStatus ReadPath(ReadOnlySpan<byte> digits, Span<byte> path, out int length)
    {
        bool isPath = AsciiText.TryReadHex(digits, path, out length) && length >= DevicePath.HeaderSize
            && DevicePath.FindEnd(path.Slice(0, length)) == length - DevicePath.HeaderSize;
        return isPath ? ExitStatus.Success : Complaint<TPlatform>.Say("--device-path-hex takes a device path with its end node in hexadecimal digits"u8);
    }

    private static ExitStatus Write(ReadOnlySpan<byte> option)
    {
        Span<byte> storage = stackalloc byte[DriverOrder<TPlatform>.MaximumCount * sizeof(ushort)];
        DriverOrder<TPlatform> order = new(storage);
        ExitStatus status = VariableComplaint<TPlatform>.Check(order.Read(), "DriverOrder"u8);
        if (status != ExitStatus.Success)
        {
            return status;
        }

        if (!DriverEntry<TPlatform>.TryFind(ref order, out ushort number))
        {
            for (number = 0; number < DriverEntry<TPlatform>.Searched && !DriverEntry<TPlatform>.IsFree(number, ref order); number++)
            {
                // the lowest number that is free
            }
        }

        // The entry first: an order that names an entry which is not there is worse than an entry that no order names.
        status = VariableComplaint<TPlatform>.Check(DriverEntry<TPlatform>.Write(number, option), "Driver####"u8);
        if (status != ExitStatus.Success)
        {
            return status;
        }

        if (order.IndexOf(number) < 0)
        {
            status = order.Insert(number)
                ? VariableComplaint<TPlatform>.Check(order.Write(), "DriverOrder"u8)
                : Complaint<TPlatform>.Say("the firmware has too many drivers already"u8);
        }

        return status == ExitStatus.Success ? BootStatusCommand<TPlatform>.Print() : status;
    }
}
