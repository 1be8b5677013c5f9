using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>Whether the area for received FISes is the guest's: 256 bytes, or 4 KiB where the controller can use as much (AHCI 1.3.1 §4.2.1, §9.3.3).</summary>
internal static class ReceivedFisCheck
{
    private const int SmallSize = 256;
    private const int SwitchedSize = 4096;
    private const int UpperShift = 32;

    /// <summary>Whether all of an area is the guest's.</summary>
    internal static bool IsGuests(MediatorHost host, in AhciController controller, ulong address) =>
        controller.IsTranslated || !host.Memory(address & ~(ulong)(SmallSize - 1), controller.Capabilities.HasFisSwitching ? SwitchedSize : SmallSize).IsEmpty;

    /// <summary>A write to PxFB or PxFBU: while the controller uses the area, it must be the guest's at any moment.</summary>
    internal static bool MayWrite(MediatorHost host, in AhciController controller, in AhciPort port, in AhciWrite write) =>
        !port.Command.Receives || IsGuests(host, controller, After(controller, port, write));

    /// <summary>Where the area is after a write to PxFB or PxFBU.</summary>
    internal static ulong After(in AhciController controller, in AhciPort port, in AhciWrite write)
    {
        bool isUpper = AhciRegister.InPort(write.Offset) == AhciRegister.ReceivedFisUpper;
        uint low = (uint)port.Received;
        uint high = (uint)(port.Received >> UpperShift);
        ulong after = isUpper ? ((ulong)write.Over(high) << UpperShift) | low : ((ulong)high << UpperShift) | write.Over(low);
        return (controller.Capabilities.Has64Bits ? after : (uint)after) & ~(ulong)(SmallSize - 1);
    }

    /// <summary>A write to PxCMD: whether the controller would begin to use an area that is not the guest's.</summary>
    internal static bool MayReceive(MediatorHost host, in AhciController controller, in AhciPort port, AhciPortCommand after) =>
        !after.Receives || port.Command.Receives || IsGuests(host, controller, port.Received);
}
