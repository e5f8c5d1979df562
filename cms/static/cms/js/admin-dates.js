/* Wagtail's calendar puts today in the place of a day that it cannot read. What was typed stays as it is; the server
   says what is wrong with it. */
if (window.jQuery && window.jQuery.fn.datetimepicker) window.jQuery.fn.datetimepicker.defaults.validateOnBlur = false;
