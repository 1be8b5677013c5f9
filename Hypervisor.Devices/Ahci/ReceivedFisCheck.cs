namespace Hypervisor.Devices.Ahci;

/// <summary>Whether the area for received FISes is the guest's: 256 bytes, or 4 KiB where the controller can use as much (AHCI 1.3.1 §4.2.1, §9.3.3).</summary>
internal static class ReceivedFisCheck
{
    private const int SmallSize = 256;
    private const int SwitchedSize = 4096;
    private const int UpperShift = 32;

    /// <summary>Whether all of an area is the guest's.</summary>
    internal static bool IsGuests(in PortAccess port, ulong address) => port.Controller.IsTranslated
        || !port.Host.Memory(address & ~(ulong)(SmallSize - 1), port.Controller.Capabilities.HasFisSwitching ? SwitchedSize : SmallSize).IsEmpty;

    /// <summary>
    /// A write to PxFB or PxFBU: while the controller uses the area, it must be the guest's at any moment. It goes on using it after FRE has been cleared, until FR is (§10.3.2).
    /// </summary>
    internal static bool MayWrite(in PortAccess port, in AhciWrite write)
    {
        AhciPortCommand command = port.Command;
        return !(command.Receives || command.ReceiveRuns) || IsGuests(port, After(port, write));
    }

    /// <summary>Where the area is after a write to PxFB or PxFBU.</summary>
    internal static ulong After(in PortAccess port, in AhciWrite write)
    {
        bool isUpper = AhciRegister.InPort(write.Offset) == AhciRegister.ReceivedFisUpper;
        uint low = (uint)port.State.Received;
        uint high = (uint)(port.State.Received >> UpperShift);
        ulong after = isUpper ? ((ulong)write.Over(high) << UpperShift) | low : ((ulong)high << UpperShift) | write.Over(low);
        return (port.Controller.Capabilities.Has64Bits ? after : (uint)after) & ~(ulong)(SmallSize - 1);
    }

    /// <summary>A write to PxCMD: whether the controller would begin to use an area that is not the guest's.</summary>
    internal static bool MayReceive(in PortAccess port, AhciPortCommand after) => !after.Receives || port.State.Command.Receives || IsGuests(port, port.State.Received);
}
